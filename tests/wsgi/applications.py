"""Applications that answer what they are told, and what they answer."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Ask = Callable[..., Any]
TEXT = [("Content-Type", "text/plain")]
FAILURE = b"Internal Server Error\n"


def exc_info_of(error: BaseException) -> Any:
    """Return sys.exc_info() as who catches `error` sees it."""
    with contextlib.suppress(type(error)):
        _raise(error)
    return type(error), error, error.__traceback__


def _raise(error: BaseException) -> None:
    raise error


def with_length(length: int) -> list[tuple[str, str]]:
    return [*TEXT, ("Content-Length", str(length))]


def returning(result: Any, headers: list[tuple[str, str]] = TEXT, status: str = "200 OK") -> Any:
    """Make an application that answers with `result`."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, list(headers))
        return result

    return application


def is_quiet(caplog: pytest.LogCaptureFixture) -> bool:
    return caplog.records == []


def stream(items: Any) -> Iterator[Any]:
    """Give the items one by one, so that nobody can know how many follow."""
    yield from items
