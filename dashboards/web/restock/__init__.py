"""The restock list: what staff carry to which shelf next, and what is on its way to the store."""
