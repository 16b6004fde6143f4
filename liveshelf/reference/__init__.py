"""The reference that is written from code: of the wire JSON Schema, AsyncAPI and a page, and the table of faults."""
