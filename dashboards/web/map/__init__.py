"""The store map: every place of the planogram and how full it is, where to look first, and what just happened."""
