"""What a request carries after its head."""

import io

import pytest

from penstock.web.core.exceptions import BadRequest, RequestDataTooBig, TooManyFilesSent
from penstock.web.core.handlers.request import WSGIRequest
from penstock.web.http import RawPostDataException, UnreadablePostError
from penstock.web.http.multipartparser import MultiPartParserError

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
FIELD = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\nx\r\n'
END = b"--b--\r\n"


class Broken(io.BytesIO):
    def read(self, *_args):
        raise OSError("kaboom")

    readline = read


def post(body=b"", content_type=FORM, *, method="POST", stream=None, **meta):
    environ = {
        "REQUEST_METHOD": method,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": stream or io.BytesIO(body),
        **meta,
    }
    return WSGIRequest(environ)


def test_body_then_form_then_reading_all_work():
    request = post(b"a=1")
    assert (request.body, request.POST["a"], request.read()) == (b"a=1", "1", b"a=1")


def test_form_then_body_works():
    request = post(b"a=1")
    assert (request.POST["a"], request.body) == ("1", b"a=1")


def test_multipart_then_body_is_refused():
    request = post(FIELD + END, MULTIPART)
    assert request.POST["a"] == "1"
    with pytest.raises(RawPostDataException, match="cannot access body after reading"):
        _ = request.body


def test_body_then_multipart_works_whatever_was_read_since():
    request = post(FIELD + END, MULTIPART)
    assert len(request.body) == len(FIELD + END)
    request.read(10)
    assert request.POST["a"] == "1"


def test_read_then_body_is_refused_and_the_form_is_empty():
    request = post(b"a=1")
    assert request.read(1) == b"a"
    assert dict(request.POST) == {}
    with pytest.raises(RawPostDataException):
        _ = request.body


def test_lines_are_read_from_the_stream():
    assert list(post(b"a\nb")) == [b"a\n", b"b"]
    assert post(b"a\nb").readlines() == [b"a\n", b"b"]
    assert post(b"a\nb").readline() == b"a\n"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_form_of_other_methods_is_not_parsed(method):
    request = post(b"a=1", method=method)
    assert (dict(request.POST), dict(request.FILES), request.body) == ({}, {}, b"a=1")


def test_body_of_another_type_is_no_form():
    request = post(b"{}", "application/json")
    assert (dict(request.POST), dict(request.FILES), request.body) == ({}, {}, b"{}")


@pytest.mark.parametrize("charset", ["latin-1", "utf8", "idna", "base64"])
def test_urlencoded_in_another_charset_is_a_bad_request(charset):
    with pytest.raises(BadRequest, match="must be UTF-8 encoded"):
        _ = post(b"a=1", f"{FORM}; charset={charset}").POST


@pytest.mark.parametrize("charset", ["UTF-8", '"utf-8"', "no-such-charset", "\x00"])
def test_urlencoded_in_utf_8_or_an_unknown_charset_is_read(charset):
    assert post(b"a=%C3%A9", f"{FORM}; charset={charset}").POST["a"] == "é"


@pytest.mark.parametrize(
    ("length", "body"),
    [("", b""), ("-5", b""), ("2", b"01"), (" 2", b"01"), ("+2", b"01")],
)
def test_content_length_says_how_much_is_read(length, body):
    assert post(CONTENT_LENGTH=length, stream=io.BytesIO(b"0123")).body == body


def test_content_length_that_is_no_number_fails_as_in_django():
    with pytest.raises(ValueError, match="invalid literal"):
        _ = post(CONTENT_LENGTH="x").body


def test_body_of_exactly_the_limit_is_read_and_a_longer_one_refused(override):
    override(DATA_UPLOAD_MAX_MEMORY_SIZE=3)
    assert post(b"abc").body == b"abc"
    with pytest.raises(RequestDataTooBig, match="DATA_UPLOAD_MAX_MEMORY_SIZE"):
        _ = post(b"abcd").body


def test_body_that_declares_a_gigabyte_is_refused_unread():
    class Endless(io.RawIOBase):
        def read(self, *_args):
            pytest.fail("somebody read")

    with pytest.raises(RequestDataTooBig):
        _ = post(CONTENT_LENGTH=str(2**30), stream=Endless()).body


def test_body_that_is_longer_than_it_says_is_read_no_further_than_the_limit(override):
    override(DATA_UPLOAD_MAX_MEMORY_SIZE=10)
    request = post()
    sizes = []

    class Stream(io.RawIOBase):
        def read(self, size=-1):
            sizes.append(size)
            return b"x" * size

        def seekable(self):
            return False

    request._stream = Stream()
    with pytest.raises(RequestDataTooBig):
        _ = request.body
    assert sizes == [11]


def test_seekable_body_is_measured_before_it_is_read(override):
    override(DATA_UPLOAD_MAX_MEMORY_SIZE=10)
    request = post()
    request._stream = io.BytesIO(b"x" * 11)
    with pytest.raises(RequestDataTooBig):
        _ = request.body


def test_no_limit_reads_everything_and_does_not_look_at_the_length(override):
    override(DATA_UPLOAD_MAX_MEMORY_SIZE=None)
    request = post(CONTENT_LENGTH="x", stream=io.BytesIO(b"abc"))
    assert request.body == b""
    assert post(b"abc").body == b"abc"


@pytest.mark.parametrize(
    "ask", [lambda r: r.body, lambda r: r.POST, lambda r: r.read(), lambda r: r.readline()]
)
def test_stream_that_fails_is_told_apart_from_other_errors(ask):
    with pytest.raises(UnreadablePostError, match="kaboom"):
        ask(post(b"abc", stream=Broken()))


def test_multipart_stream_that_fails_is_told_apart_as_well():
    with pytest.raises(UnreadablePostError):
        _ = post(b"abc", MULTIPART, stream=Broken()).FILES


def test_broken_multipart_leaves_an_empty_form_for_the_error_page():
    request = post(b"abc", "multipart/form-data")
    with pytest.raises(MultiPartParserError, match="Invalid boundary"):
        _ = request.POST
    assert (dict(request.POST), dict(request.FILES)) == ({}, {})


def test_too_many_files_leave_an_empty_form_for_the_error_page(override):
    override(DATA_UPLOAD_MAX_NUMBER_FILES=1)
    request = post(FILE * 2 + END, MULTIPART)
    with pytest.raises(TooManyFilesSent):
        _ = request.FILES
    assert (dict(request.POST), dict(request.FILES)) == ({}, {})


def test_new_encoding_drops_what_was_parsed():
    request = post(QUERY_STRING="a=%C3%A9", method="GET")
    assert (request.GET["a"], dict(request.POST)) == ("é", {})
    request.encoding = "latin-1"
    assert (request.GET["a"], request.encoding) == ("Ã©", "latin-1")
    assert "_post" not in vars(request)


def test_form_and_files_can_be_replaced():
    request = post(b"a=1")
    request.POST, request.FILES = {"b": "2"}, {"c": "3"}
    assert (request.POST, request.FILES) == ({"b": "2"}, {"c": "3"})


def test_upload_handlers_are_set_before_the_files_are_parsed_and_not_after():
    request = post(FILE + END, MULTIPART)
    assert len(request.upload_handlers) == 2
    request.upload_handlers = [request.upload_handlers[0]]
    assert request.FILES["f"].read() == b"x"
    with pytest.raises(AttributeError, match="cannot set the upload handlers after"):
        request.upload_handlers = []
    with pytest.raises(AttributeError, match="cannot alter upload handlers after"):
        request.upload_handlers.append(None)


def test_close_closes_the_files_that_were_parsed():
    request = post(FILE + END, MULTIPART)
    file = request.FILES["f"]
    request.close()
    assert file.closed


def test_close_does_not_parse():
    request = post(FILE + END, MULTIPART)
    request.close()
    assert "_files" not in vars(request)
