"""Where a visitor begins, and in which language."""
