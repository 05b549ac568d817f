"""The views: each takes a request and returns a response."""
