"""`liveshelf edge setup`: somebody without engineering training calibrates a bay, the running agent measures."""
