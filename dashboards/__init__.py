"""What a person sees: the pages of a store, served beside its API."""
