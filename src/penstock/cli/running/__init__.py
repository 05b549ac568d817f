"""Commands for servers that run: see them, read their logs, have one reload."""
