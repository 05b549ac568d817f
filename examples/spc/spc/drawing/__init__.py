"""Drawings of charts that are made on the server: for export, and for pages without a script."""
