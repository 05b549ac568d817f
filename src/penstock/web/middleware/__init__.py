"""The stock middleware: each module has Django's name and behaviour."""
