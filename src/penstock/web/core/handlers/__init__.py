"""From a WSGI environ to a response: the onion of middleware around the view."""
