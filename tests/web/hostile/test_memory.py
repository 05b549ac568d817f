"""Large bodies take no memory to speak of: what is too large is refused early, and files go to the disk."""

import io
import tracemalloc

import pytest

from penstock.web.core.exceptions import RequestDataTooBig
from penstock.web.core.handlers.request import WSGIRequest

MEGABYTE = 2**20
PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'


class Repeated(io.RawIOBase):
    """A body that is made while it is read: a head, then so many bytes, then an end."""

    def __init__(self, head, size, end):
        self.pieces = [(head, 1), (b"x" * 1024, size // 1024), (end, 1)]
        self.pieces = [piece for piece in self.pieces if piece[0]]
        self.length = len(head) + size // 1024 * 1024 + len(end)
        self.total_read_bytes = 0

    def read(self, size=-1):
        taken = b""
        while self.pieces and len(taken) < size:
            piece, count = self.pieces[0]
            wanted = max(1, min(count, (size - len(taken)) // len(piece)))
            taken += piece * wanted
            self.pieces[0:1] = [(piece, count - wanted)] if count > wanted else []
        self.total_read_bytes += len(taken)
        return taken


def post(body, content_type):
    return WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(body.length),
            "wsgi.input": body,
        }
    )


@pytest.fixture
def peak_bytes():
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_form_of_a_gigabyte_is_refused_unread(peak_bytes):
    body = Repeated(b"a=", 2**30, b"")
    with pytest.raises(RequestDataTooBig):
        _ = post(body, "application/x-www-form-urlencoded").POST
    assert (body.total_read_bytes, peak_bytes() < MEGABYTE) == (0, True)


def test_field_of_a_gigabyte_is_refused_when_it_has_grown_too_large(peak_bytes):
    body = Repeated(PART, 2**30, b"\r\n--b--")
    with pytest.raises(RequestDataTooBig):
        _ = post(body, "multipart/form-data; boundary=b").POST
    assert body.total_read_bytes < 4 * MEGABYTE
    assert peak_bytes() < 12 * MEGABYTE


def test_preamble_of_a_gigabyte_is_refused_at_once(peak_bytes):
    body = Repeated(b"", 2**30, b"")
    request = post(body, "multipart/form-data; boundary=b")
    with pytest.raises(Exception, match="header size exceeded"):
        _ = request.POST
    assert (body.total_read_bytes < MEGABYTE, peak_bytes() < MEGABYTE) == (True, True)


def test_large_file_goes_to_the_disk(peak_bytes):
    body = Repeated(FILE, 32 * MEGABYTE, b"\r\n--b--")
    request = post(body, "multipart/form-data; boundary=b")
    assert request.FILES["f"].size == 32 * MEGABYTE
    assert hasattr(request.FILES["f"], "temporary_file_path")
    request.close()
    assert peak_bytes() < 2 * MEGABYTE
