"""The catalogue's chapters: one kind of circumstance each."""
