"""What goes wrong in a shop: one table of faults, when each acts, and what it does to wires, plates and tags."""
