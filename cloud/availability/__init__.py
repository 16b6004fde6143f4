"""The answer for every channel: how many can be sold, where, and how sure that is."""
