"""The error of a command that was well spelt and still cannot be carried out."""


class CommandError(Exception):
    """The machine, the project or the server refuses; the text is the line the user gets, exit status 1."""
