"""The types of `<type:name>` in a route: which text they accept, and what value it becomes.

In:     a piece of a path, or a value for one.
Out:    a value, or text for a path; ValueError says "this route is not meant".
Never:  sees the rest of the path.

Rules:  Django's five converters and its `register_converter`; converters are looked up when `path()` is
        called.
"""

import functools
import uuid
import warnings
from typing import Any, Final, Protocol

from penstock.web.utils.deprecation import RemovedInDjango60Warning


class Converter(Protocol):
    """What `register_converter` takes: a class whose instances look like this."""

    regex: str

    def to_python(self, value: str) -> Any:
        """Return the value that the view gets; ValueError: the route does not match."""

    def to_url(self, value: Any) -> str:
        """Return the text that stands for `value` in a path; ValueError: the route is not meant."""


class IntConverter:
    """Digits; a leading zero is accepted and lost."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_url(self, value: Any) -> str:
        """Return the number's decimal text."""
        return str(value)


class StringConverter:
    """Any text without a slash, at least one character."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Return the text itself."""
        return value

    def to_url(self, value: Any) -> Any:
        """Return the value itself; it becomes text where it is put into the path."""
        return value


class UUIDConverter:
    """A UUID in lower case with its hyphens."""

    regex = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

    def to_python(self, value: str) -> uuid.UUID:
        """Return the UUID."""
        return uuid.UUID(value)

    def to_url(self, value: Any) -> str:
        """Return the UUID's text."""
        return str(value)


class SlugConverter(StringConverter):
    """ASCII letters, digits, hyphens and underscores."""

    regex = "[-a-zA-Z0-9_]+"


class PathConverter(StringConverter):
    """Any text, slashes included, at least one character."""

    regex = ".+"


DEFAULT_CONVERTERS: Final[dict[str, Any]] = {
    "str": StringConverter(),  # the one that `<name>` without a type has
    "int": IntConverter(),
    "slug": SlugConverter(),
    "uuid": UUIDConverter(),
    "path": PathConverter(),
}

# Filled by applications while their modules are imported.
REGISTERED_CONVERTERS: Final[dict[str, Any]] = {}


def register_converter(converter: type[Converter], type_name: str) -> None:
    """Let routes that are made from now on use `<type_name:...>`.

    A name that is taken is replaced, with Django's RemovedInDjango60Warning.
    """
    if type_name in REGISTERED_CONVERTERS or type_name in DEFAULT_CONVERTERS:
        warnings.warn(
            f"Converter {type_name!r} is already registered. Support for overriding registered converters is "
            "deprecated and will be removed in Django 6.0.",
            RemovedInDjango60Warning,
            stacklevel=2,
        )
    REGISTERED_CONVERTERS[type_name] = converter()
    get_converters.cache_clear()


@functools.cache
def get_converters() -> dict[str, Any]:
    """Return every converter by its type name, the application's over Django's."""
    return DEFAULT_CONVERTERS | REGISTERED_CONVERTERS
