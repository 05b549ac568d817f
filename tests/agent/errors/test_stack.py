import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.errors.stack import UNKNOWN, Origin, find_origin, short_path

PLAIN = """Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/flask/app.py", line 2190, in wsgi_app
    response = self.full_dispatch_request()
               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/releases/20261120/shop/views.py", line 12, in pay
    charge(order)
  File "/srv/venv/lib/python3.13/site-packages/bank/client.py", line 80, in charge
    raise Refused(code)
bank.errors.Refused: code 51
see: the manual"""

CHAINED = """Traceback (most recent call last):
  File "/srv/shop/a.py", line 1, in first
    {}["x"]
KeyError: 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/b.py", line 2, in second
    raise ValueError from error
ValueError"""

GROUP = """  + Exception Group Traceback (most recent call last):
  |   File "/srv/shop/g.py", line 3, in gather
  |     raise ExceptionGroup("two", found)
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/shop/h.py", line 9, in inner
    |     1 / 0
    | ZeroDivisionError: division by zero
    +---------------- 2 ----------------
    | ValueError: 2
    +------------------------------------"""

SYNTAX = """Traceback (most recent call last):
  File "<frozen importlib._bootstrap>", line 1360, in _find_and_load
  File "/srv/shop/views.py", line 7
    def (
        ^
SyntaxError: invalid syntax"""

STACK = '\nStack (most recent call last):\n  File "/srv/shop/x.py", line 1, in x\n'


@pytest.mark.parametrize(
    ("trace", "kind", "place"),
    [
        pytest.param(PLAIN, "bank.errors.Refused", "shop/views.py:pay:12", id="innermost-of-the-application"),
        pytest.param(CHAINED, "ValueError", "srv/shop/b.py:second:2", id="the-last-of-a-chain"),
        pytest.param(GROUP, "ExceptionGroup", "srv/shop/g.py:gather:3", id="group"),
        pytest.param(SYNTAX, "SyntaxError", "srv/shop/views.py:7", id="syntax-error"),
        pytest.param(PLAIN + STACK, "bank.errors.Refused", "shop/views.py:pay:12", id="stack-behind-it"),
        pytest.param("Traceback (most recent call last):\n", UNKNOWN, "", id="cut-behind-the-header"),
        pytest.param(
            PLAIN[:150], UNKNOWN, "dist-packages/flask/app.py:wsgi_app:2190", id="cut-before-the-end"
        ),
    ],
)
def test_type_and_place_are_found(trace, kind, place) -> None:
    origin = find_origin(trace)
    assert origin is not None
    assert (origin.kind, origin.place) == (kind, place)


@pytest.mark.parametrize("trace", ["", "no traceback", STACK])
def test_what_shows_no_exception_has_no_origin(trace) -> None:
    assert find_origin(trace) is None


def fail_inside():
    raise ZeroDivisionError("by\nnothing")


def test_a_real_traceback_is_read() -> None:
    try:
        fail_inside()
    except ZeroDivisionError:
        origin = find_origin(traceback.format_exc())
    line = fail_inside.__code__.co_firstlineno + 1
    assert origin == Origin("ZeroDivisionError", "agent/errors/test_stack.py", "fail_inside", line)


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("/srv/shop/releases/20261120093000/shop/views.py", "shop/views.py"),
        ("/srv/shop/releases/20261121120000/shop/views.py", "shop/views.py"),
        ("/srv/shop/v1.2/views.py", "views.py"),
        ("/srv/shop/current/api/views.py", "api/views.py"),
        ("/builds/0b1db85fa2/api/views.py", "api/views.py"),
        ("/tmp/tmpx7_1a/api/views.py", "api/views.py"),
        ("/app/shop/api/v2x/views.py", "api/v2x/views.py"),
        ("/srv/feedface/shop/api/views.py", "shop/api/views.py"),
        ("views.py", "views.py"),
        ("/1.py", "1.py"),
        ("", ""),
    ],
)
def test_paths_are_cut_to_what_stays_when_the_code_is_deployed_again(path, short) -> None:
    assert short_path(path) == short


LINES = st.lists(st.sampled_from(f"{PLAIN}\n{GROUP}{STACK}".split("\n"))).map("\n".join)


@given(st.one_of(st.text(max_size=300), LINES))
def test_any_text_has_an_origin_or_none(text) -> None:
    origin = find_origin(text)
    assert origin is None or origin.kind
