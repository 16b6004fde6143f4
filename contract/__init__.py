"""What LiveShelf's programs agree on: ids, records, topics, codec, errors, clock, hardware protocols. No I/O."""
