"""The devices of a store: what they say of themselves, what they are asked, how they were fitted and calibrated."""
