"""Too little on a shelf becomes a refill task or an order, and the scale closes it."""
