"""Bodies for requests that a test makes."""

import io

import pytest

from penstock.web.test.payload import BOUNDARY, FakePayload, encode_file, encode_multipart, is_file


def test_payload_is_read_to_its_end_and_no_further():
    payload = FakePayload(b"a\nbc")
    assert len(payload) == 4
    assert (payload.readline(), payload.read(1), len(payload), payload.read(), payload.read()) == (
        b"a\n",
        b"b",
        1,
        b"c",
        b"",
    )
    with pytest.raises(AssertionError, match="more than the available bytes"):
        payload.read(1)


def test_payload_is_written_until_it_is_read():
    payload = FakePayload("é")
    payload.write(b"x")
    assert list(payload) == [b"\xc3\xa9x"]
    with pytest.raises(ValueError, match="Unable to write a payload after it's been read"):
        payload.write(b"y")


def test_form_is_encoded_part_by_part():
    body = encode_multipart("B", {"a": [1, "é"], "b": True, "n": b"raw"})
    head = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n--B'
    parts = "\r\n".join(head.format(*pair) for pair in [("a", 1), ("a", "é"), ("b", True), ("n", "raw")])
    assert body == f"--B\r\n{parts}--\r\n".encode()


@pytest.mark.parametrize("value", [None, ["x", None]])
def test_none_is_no_form_value(value):
    with pytest.raises(TypeError, match="Cannot encode None for key 'a' as POST data"):
        encode_multipart(BOUNDARY, {"a": value})


@pytest.mark.parametrize(
    ("name", "content_type", "lines"),
    [
        (None, None, [b'filename="k"', b"Content-Type: application/octet-stream"]),
        ("/tmp/é.txt", None, ['filename="é.txt"'.encode(), b"Content-Type: text/plain"]),
        ("a.txt", "x/y", [b'filename="a.txt"', b"Content-Type: x/y"]),
        (5, None, [b'filename="k"', b"Content-Type: application/octet-stream"]),
    ],
)
def test_file_has_the_name_and_type_it_says(name, content_type, lines):
    class File(io.BytesIO):
        pass

    file = File(b"x")
    if name is not None:
        file.name = name
    if content_type:
        file.content_type = content_type
    disposition = b'Content-Disposition: form-data; name="k"; ' + lines[0]
    assert encode_file("B", "k", file) == [b"--B", disposition, lines[1], b"", b"x"]


def test_files_are_told_from_other_values():
    assert is_file(io.StringIO())
    assert not is_file("text")
