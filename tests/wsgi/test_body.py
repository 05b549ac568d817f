import io

import pytest

from penstock.wsgi.body import EMPTY_BODY


def test_empty_body_is_at_its_end_whatever_is_asked() -> None:
    assert EMPTY_BODY.read() == b""
    assert EMPTY_BODY.read(5) == b""
    assert EMPTY_BODY.read(None) == b""
    assert EMPTY_BODY.read1(5) == b""
    assert EMPTY_BODY.readinto(bytearray(5)) == 0
    assert EMPTY_BODY.readline() == b""
    assert EMPTY_BODY.readline(5) == b""
    assert EMPTY_BODY.readlines() == []
    assert EMPTY_BODY.readlines(5) == []
    assert list(EMPTY_BODY) == []


def test_empty_body_that_one_request_closed_serves_the_next() -> None:
    EMPTY_BODY.close()
    with EMPTY_BODY:
        pass
    assert not EMPTY_BODY.closed
    assert EMPTY_BODY.read() == b""


def test_empty_body_takes_a_text_wrapper_and_survives_it() -> None:
    assert io.TextIOWrapper(EMPTY_BODY).read() == ""  # type: ignore[type-var]
    assert EMPTY_BODY.readable()
    assert EMPTY_BODY.read() == b""


def test_empty_body_has_no_state_to_change() -> None:
    with pytest.raises(io.UnsupportedOperation):
        EMPTY_BODY.write(b"left behind")
    with pytest.raises(io.UnsupportedOperation):
        EMPTY_BODY.seek(3)
    with pytest.raises(io.UnsupportedOperation, match="expected a stream that has a raw one"):
        EMPTY_BODY.detach()
