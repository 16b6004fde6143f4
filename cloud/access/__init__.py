"""Who may ask what of which store: API keys."""
