"""The store of record: migrations, connections, and an embedded server for who has none."""
