"""Measurements on their way out."""
