"""Status codes and their lines."""

import http.client
from http import HTTPStatus

import pytest

from penstock.web.http.status import REASONS, STATUS_LINES, parse_status


@pytest.mark.parametrize(
    ("code", "line"),
    [
        pytest.param(200, "200 OK", id="known"),
        pytest.param(HTTPStatus.NOT_FOUND, "404 Not Found", id="enum"),
        pytest.param(599, "599 Unknown Status Code", id="unknown"),
    ],
)
def test_status_line_of_any_code_is_looked_up(code, line):
    assert STATUS_LINES[code] == line


def test_status_lines_are_there_for_each_code_a_response_may_have():
    assert list(STATUS_LINES) == list(range(100, 600))


def test_reasons_are_those_of_the_standard_library():
    assert http.client.responses == REASONS


@pytest.mark.parametrize("status", ["404", 404, HTTPStatus.NOT_FOUND])
def test_status_given_in_any_form_is_a_plain_int(status):
    assert (parse_status(status), type(parse_status(status))) == (404, int)


@pytest.mark.parametrize("status", ["many", None, object(), "4.0"])
def test_status_that_is_no_integer_is_refused(status):
    with pytest.raises(TypeError, match="must be an integer"):
        parse_status(status)


@pytest.mark.parametrize("status", [99, 600, -1, True])
def test_status_out_of_range_is_refused(status):
    with pytest.raises(ValueError, match="from 100 to 599"):
        parse_status(status)
