"""Step 6: counted readings to rows, in one transaction with the watermark that says they are there."""
