"""What screens read of a store: its places, what happened there, what is to do, and what is not well."""
