"""The one error of configuration: what came from outside cannot be used."""


class ConfigError(Exception):
    """A value, key, flag or file of the configuration is wrong; the person who wrote it must change it.

    The text is one line: subject, what came, what was expected. `hint`, which may be empty, is what to try.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message}; {self.hint}" if self.hint else message
