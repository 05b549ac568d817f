"""What the request -> response path stands on; the package's name is Django's."""
