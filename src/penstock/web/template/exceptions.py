"""What can go wrong with templates.

In:     an engine.
Out:    an exception, the same for each engine.
Never:  renders.
Rules:  Django's names; `chain` and `tried` are what the technical error page shows.
"""

from typing import Any


class TemplateDoesNotExist(Exception):
    """No engine has a template of that name.

    Attributes:
        backend: the engine that was asked.
        tried: pairs of (origin, why not), where it was looked for.
        chain: the refusals of all engines that were asked.
    """

    def __init__(
        self,
        msg: object,
        tried: list[tuple[Any, str]] | None = None,
        backend: Any = None,
        chain: "list[TemplateDoesNotExist] | None" = None,
    ) -> None:
        self.backend = backend
        self.tried = tried or []
        self.chain = chain or []
        super().__init__(msg)


class TemplateSyntaxError(Exception):
    """A template cannot be read; the message names the line."""
