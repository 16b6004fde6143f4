"""Step 4: what arrives is decoded, checked, dated and taken in order; duplicates are dropped."""
