"""One number orders every change of every answer."""
