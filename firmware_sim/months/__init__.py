"""Months of shelves in seconds: the same physics as the chips that are clocked bit by bit, worked out in arrays.

The only part of firmware_sim that uses numpy (decision 0005); nothing an agent loads imports it.
"""
