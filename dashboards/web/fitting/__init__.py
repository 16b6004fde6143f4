"""Fitting shelves from a phone: the labels, and the wizard that takes a plate from its box to a place."""
