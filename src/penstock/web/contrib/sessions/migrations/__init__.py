"""The migrations of the table of sessions."""
