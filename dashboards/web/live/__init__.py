"""Live updates: one look at the database, one frame a language, the same bytes to every page that is open."""
