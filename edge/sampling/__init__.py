"""Ask the hardware: bits of converters become raw samples, reports of tag readers become sightings."""
