"""Small tools, each in a file named after its one subject; the package's name is Django's."""
