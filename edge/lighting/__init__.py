"""Lights at the positions of a bay, which tell staff where to do what (pick to light)."""
