import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wsgi.http_date import DateLine, http_date

NS = 1_000_000_000


def test_http_date_of_the_rfc_example() -> None:
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"


@given(st.integers(min_value=0, max_value=253402300799))
def test_http_date_agrees_with_the_mail_package(epoch_s: int) -> None:
    assert http_date(epoch_s) == email.utils.formatdate(epoch_s, usegmt=True)


@pytest.mark.parametrize(
    ("past_ns", "holds_ns"),
    [
        pytest.param(0, NS, id="on-the-second"),
        pytest.param(1, NS - 1, id="just-after"),
        pytest.param(999_999_999, 1, id="just-before-the-next"),
    ],
)
def test_date_line_holds_until_the_next_full_second(past_ns: int, holds_ns: int) -> None:
    date = DateLine(lambda: 784111777 * NS + past_ns)
    date.renew(50)
    assert date.line == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    assert date.expires_ns == 50 + holds_ns


def test_date_line_is_due_at_once_when_new() -> None:
    assert DateLine().expires_ns == 0


def test_date_line_uses_the_wall_clock_by_default() -> None:
    date = DateLine()
    date.renew(0)
    assert email.utils.parsedate_to_datetime(date.line.decode()[6:].strip()).year >= 2024
