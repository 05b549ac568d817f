"""Parts that a project may leave out; the package's name is Django's."""
