"""What is sold and where it stands: catalogue, planogram and opening counts, imported from CSV."""
