"""Step 3: numbered records become batches on the wire, resent until the gateway says committed."""
