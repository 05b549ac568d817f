"""Coverage-guided fuzzing of requests, by hand.

usage: pip install atheris && python -m tests.web.hostile.fuzz [-max_total_time=600] [CORPUS]

In:     bytes from libFuzzer, which looks for those that reach new code.
Out:    nothing, or the input that broke a promise.
Never:  compares with Django (test_differential.py does).

What is promised: a status below 500 unless Content-Length is no number; no exception but the one that Django
lets out, too (a content type with a parameter in an unknown charset); the same form whatever the size of the
chunks.
"""

import io
import sys
from typing import Any

import atheris  # type: ignore[import-untyped, unused-ignore]  # not among the test requirements: Linux wheels alone

with atheris.instrument_imports(include=["penstock"]):
    from tests.web.hostile.site import answer, make_site

    from penstock.web.core.exceptions import SuspiciousOperation
    from penstock.web.core.files.uploadhandler import MemoryFileUploadHandler
    from penstock.web.http.multipartparser import MultiPartParser, MultiPartParserError

SITE = make_site("penstock.web")
VARIABLES = [
    "PATH_INFO",
    "QUERY_STRING",
    "HTTP_COOKIE",
    "HTTP_HOST",
    "CONTENT_TYPE",
    "HTTP_ACCEPT",
    "CONTENT_LENGTH",
]
TYPES = ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded", "a/b"]
CHUNK_SIZES = (1, 7, 64 * 1024)


def check_request(provider: Any) -> None:
    """Ask the site, and look at the status."""
    variables = {"REQUEST_METHOD": provider.PickValueInList(["GET", "POST"])}
    for name in VARIABLES:
        if provider.ConsumeBool():
            length = provider.ConsumeIntInRange(0, 60)
            variables[name] = provider.ConsumeBytes(length).decode("latin-1")
    variables.setdefault("CONTENT_TYPE", provider.PickValueInList(TYPES))
    status, _ = answer(SITE, variables, provider.ConsumeBytes(provider.remaining_bytes()))
    if status == 500 and not is_number(variables.get("CONTENT_LENGTH") or "0"):
        return
    if status == "ValueError" and "*" in variables["CONTENT_TYPE"]:
        return
    assert isinstance(status, int), status
    assert status < 500, status


def is_number(text: str) -> bool:
    """Tell whether Content-Length is one, as int() sees it."""
    try:
        int(text)
    except ValueError:
        return False
    return True


def parse(body: bytes, chunk_size: int) -> Any:
    """Return the form that a body is, or the name of the error."""
    handler = MemoryFileUploadHandler()
    handler.chunk_size = chunk_size
    meta = {"CONTENT_TYPE": TYPES[0], "CONTENT_LENGTH": str(len(body))}
    try:
        post, files = MultiPartParser(meta, io.BytesIO(body), [handler]).parse()
    except (MultiPartParserError, SuspiciousOperation) as error:
        return type(error).__name__
    return dict(post.lists()), {name: [each.read() for each in many] for name, many in files.lists()}


def check_chunks(body: bytes) -> None:
    """Parse one body in chunks of several sizes."""
    first, *others = [parse(body, size) for size in CHUNK_SIZES]
    assert all(other == first for other in others), (first, others)


def check(data: bytes) -> None:
    """Check one input."""
    provider = atheris.FuzzedDataProvider(data)
    if provider.ConsumeBool():
        check_request(provider)
    else:
        check_chunks(provider.ConsumeBytes(provider.remaining_bytes()))


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
