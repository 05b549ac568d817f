"""One request to the specimen site, and what the site shall do with it.

In:     what a server would put into the environ; settings; what hooks and views do.
Out:    a frozen value that both processes build from the same catalogue.
Never:  imports a framework.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

RECORDERS = ("Alpha", "Beta", "Gamma")  # three middlewares that note what they are asked


@dataclass(frozen=True, slots=True)
class Scenario:
    """A request and its circumstances.

    Attributes:
        name: tells scenarios apart; the id of the test.
        path: PATH_INFO as a server gives it: the bytes of the path, each as one character.
        headers: by their names in a request.
        body: what wsgi.input gives; CONTENT_LENGTH is its length unless `environ` says otherwise.
        environ: laid over the environ; None removes a key.
        middleware: names in specimen.py, or dotted names below the package.
        settings: laid over the specimen's.
        plan: what happens at a place: "view" or "Beta.process_view" -> an action of specimen.py.
        compares_body: False where the words of a page are each framework's own.
        may_show_own_page: whether a body is compared below status 400 alone, since it may be a built-in page.
        compares_words: False where the words of a log record or an exception are.
        has_file_wrapper: whether the server offers wsgi.file_wrapper.
        repeat: how often it is sent; cookies that were set are sent back.
        close_count: how often the server closes the response.
    """

    name: str
    path: str = "/plain/"
    method: str = "GET"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    environ: Mapping[str, Any] = field(default_factory=dict)
    middleware: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, str] = field(default_factory=dict)
    compares_body: bool = True
    may_show_own_page: bool = False
    compares_words: bool = True
    has_file_wrapper: bool = False
    repeat: int = 1
    close_count: int = 1


def form(fields: str) -> dict[str, Any]:
    """Method, headers and body of a urlencoded form."""
    return {
        "method": "POST",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "body": fields.encode("latin-1"),
    }


def multipart(*parts: bytes, boundary: str = "BOUND", end: bytes = b"--BOUND--\r\n") -> dict[str, Any]:
    """Method, headers and body of a multipart form; each part is its head, an empty line and its body."""
    body = b"".join(b"--BOUND\r\n" + part + b"\r\n" for part in parts) + end
    return {
        "method": "POST",
        "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
        "body": body,
    }
