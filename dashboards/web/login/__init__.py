"""Log in by name and password, or by the PIN of a shared device; log out."""
