"""The cloud part: stock, replenishment and availability on what the gateway loaded; an API and a worker."""
