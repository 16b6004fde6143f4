"""A request that writes is carried out once, however often it is sent."""
