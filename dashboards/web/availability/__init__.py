"""Availability as a shop's programs get it, shown to people: the answer in words, and the call that gives it."""
