"""Penstock: a Python web stack you can see through, from socket to view."""

__version__ = "0.1.0"
