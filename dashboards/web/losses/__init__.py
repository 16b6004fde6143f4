"""Losses: what left the shelves at once, for loss prevention to look into."""
