"""What a store needs before anything is bought: parts by number, and what its scales will not be able to tell."""
