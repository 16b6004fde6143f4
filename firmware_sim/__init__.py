"""Shelves made of physics: load cells and tags behind bit-level wires, and the world that moves the goods."""
