"""The fault runner: real programs, seeded faults, and a ledger that says what must be in the database afterwards."""
