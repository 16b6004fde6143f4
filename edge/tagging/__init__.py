"""From tag sightings to presence: reads that come and go come in, `TagRecord`s arrived and departed go out (pure)."""
