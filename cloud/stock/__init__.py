"""How many units of a SKU a store holds, and how sure that is: ledger, places, the 99 % figure."""
