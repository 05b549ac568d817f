"""The site: statistical process control for the tools of a chip factory."""
