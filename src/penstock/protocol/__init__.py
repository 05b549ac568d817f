"""Bytes to events and back, sans-IO: HTTP/1.1 and 1.0 (RFC 9110, 9112)."""
