"""A whole store on one machine: every program of LiveShelf, started, watched and summed up."""
