"""Responses whose body is held whole."""

import io
import pickle

import pytest

from penstock.web.http import HttpResponse


class Closing:
    """An iterable that knows whether it was closed."""

    def __init__(self, *pieces, error=None):
        self.pieces, self.error, self.is_closed = pieces, error, False

    def __iter__(self):
        return iter(self.pieces)

    def close(self):
        self.is_closed = True
        if self.error:
            raise self.error


@pytest.mark.parametrize(
    ("content", "body"),
    [
        pytest.param(b"bytes", b"bytes", id="bytes"),
        pytest.param("text é", b"text \xc3\xa9", id="text"),
        pytest.param(memoryview(b"view"), b"view", id="memoryview"),
        pytest.param(["a", b"b", 3], b"ab3", id="list"),
        pytest.param(iter(["a", "b"]), b"ab", id="iterator"),
        pytest.param({"key": "value"}, b"key", id="dict-yields-its-keys"),
        pytest.param(None, b"None", id="none"),
        pytest.param(12, b"12", id="number"),
        pytest.param(bytearray(b"ab"), b"9798", id="bytearray-is-a-sequence-of-numbers"),
    ],
)
def test_content_of_any_kind_becomes_bytes(content, body):
    assert HttpResponse(content).content == body


def test_content_of_a_subclass_goes_through_its_own_setter():
    class Loud(HttpResponse):
        @property
        def content(self):
            return HttpResponse.content.fget(self)

        @content.setter
        def content(self, value):
            HttpResponse.content.fset(self, value.upper())

    assert Loud("abc").content == b"ABC"


@pytest.mark.parametrize("arguments", [{"status": 201}, {"content_type": "a/b"}, {"charset": "utf-8"}, {}])
def test_text_is_encoded_with_and_without_other_arguments(arguments):
    assert HttpResponse("é", **arguments).content == b"\xc3\xa9"


def test_text_is_encoded_in_the_charset_of_the_content_type():
    response = HttpResponse("é", content_type="text/plain; charset=latin-1")
    assert response.content == b"\xe9"
    assert response.text == "é"


def test_positional_arguments_are_django_s():
    response = HttpResponse("x", "text/plain", 201, "Made", "latin-1", {"X": "1"})
    assert (response.status_code, response.reason_phrase, response.charset) == (201, "Made", "latin-1")
    assert dict(response.items()) == {"Content-Type": "text/plain", "X": "1"}


def test_assigned_iterable_is_used_up_and_closed():
    source = Closing("a", "b")
    response = HttpResponse(source)
    assert (response.content, source.is_closed) == (b"ab", True)


def test_iterable_that_fails_to_close_does_no_harm():
    assert HttpResponse(Closing("a", error=ValueError())).content == b"a"


def test_written_pieces_follow_the_content_and_are_yielded_one_by_one():
    response = HttpResponse("a")
    response.write("é")
    response.writelines([b"b", "c"])
    assert list(response) == [b"a", b"\xc3\xa9", b"b", b"c"]
    assert (response.tell(), response.getvalue(), response.writable()) == (5, b"a\xc3\xa9bc", True)


def test_text_follows_the_content():
    response = HttpResponse("one")
    assert response.text == "one"
    response.content = "two"
    assert response.text == "two"


def test_text_wrapper_writes_into_a_response():
    response = HttpResponse()
    with io.TextIOWrapper(response, "utf-8") as buffer:
        buffer.write("é")
    assert response.content == b"\xc3\xa9"


def test_bytes_of_a_response_are_the_message():
    assert bytes(HttpResponse("x", headers={"Content-Type": "a/b"})) == b"Content-Type: a/b\r\n\r\nx"


def test_repr_names_class_status_and_type():
    response = HttpResponse(status=201)
    assert repr(response) == '<HttpResponse status_code=201, "text/html; charset=utf-8">'
    del response["Content-Type"]
    assert repr(response) == "<HttpResponse status_code=201>"


def test_pickled_response_has_its_content():
    assert pickle.loads(pickle.dumps(HttpResponse(iter("abc")))).content == b"abc"
