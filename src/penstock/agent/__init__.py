"""The single writer: drains the rings into logs."""
