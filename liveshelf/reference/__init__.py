"""The reference of the wire, written from its types: JSON Schema, AsyncAPI and the page for people."""
