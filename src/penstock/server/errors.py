"""Faults that keep the server from starting."""


class StartError(Exception):
    """The server cannot start as configured; the message is one line for the operator."""
