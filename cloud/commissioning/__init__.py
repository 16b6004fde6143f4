"""Fitting a place: from a plate that somebody presses on to a calibrated scale under a product of the planogram."""
