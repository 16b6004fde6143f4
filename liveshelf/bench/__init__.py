"""Measured figures, each beside a reference from the same run; never asserted in a timed test."""
