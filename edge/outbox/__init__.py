"""Step 2: records become numbered and durable on the device before anyone hears of them."""
