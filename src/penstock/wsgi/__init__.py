"""The seam: events to environ, start_response, iterable (PEP 3333)."""
