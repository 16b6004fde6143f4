"""One shelf: what stands at each place and how sure that is, its weights as they come, and what happened."""
