import json
import linecache
import warnings

import pytest

from penstock.web.views.frames import (
    MAX_VALUE_LENGTH,
    ExceptionCycleWarning,
    cause_of,
    raised_chain,
    value_text,
)


def variables(frame):
    return list(frame.f_locals.items())


def caught(function):
    try:
        function()
    except Exception as error:  # noqa: BLE001 - whatever is tested
        return raised_chain(error, error.__traceback__, variables)
    raise AssertionError("nothing was raised")


def failing():
    value = {"a": 1}
    return value["b"]


def test_frame_has_its_place_its_line_and_its_variables():
    (raised,) = caught(failing)
    frame = raised.frames[-1]
    assert (frame.filename, frame.function, frame.source) == (__file__, "failing", 'return value["b"]')
    assert frame.is_own
    assert dict(frame.variables) == {"value": "{'a': 1}"}


def test_expression_that_failed_is_marked_in_its_line():
    (line,) = [line for line in caught(failing)[0].frames[-1].lines if line.is_current]
    start, end = line.marked
    assert line.text[start:end] == 'value["b"]'


def test_marks_count_characters_not_bytes():
    def broken():
        return "ä" + {}["ö"]

    (line,) = [line for line in caught(broken)[0].frames[-1].lines if line.is_current]
    assert line.text[slice(*line.marked)] == '{}["ö"]'


def test_statement_that_failed_as_a_whole_is_not_marked():
    def broken():
        raise ValueError("whole")

    (line,) = [line for line in caught(broken)[0].frames[-1].lines if line.is_current]
    assert line.marked is None


def test_causes_come_first_and_say_how_they_lead_on():
    def broken():
        try:
            failing()
        except KeyError as error:
            raise LookupError("caused") from error

    first, second = caught(broken)
    assert (type(first.error), first.link) == (KeyError, "")
    assert (type(second.error), second.link) == (
        LookupError,
        "The exception above was the direct cause of the following one",
    )


def test_context_comes_first_unless_it_is_suppressed():
    def during():
        try:
            failing()
        except KeyError:
            raise LookupError("during")  # noqa: B904 - it is what is tested

    def suppressed():
        try:
            failing()
        except KeyError:
            raise LookupError("alone") from None

    first, second = caught(during)
    assert (type(first.error), second.link) == (
        KeyError,
        "While the exception above was handled, another one occurred",
    )
    assert len(caught(suppressed)) == 1


def test_causes_that_lead_back_end_with_a_warning():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    with pytest.warns(ExceptionCycleWarning, match="lead back"):
        chain = raised_chain(first, None, variables)
    assert [raised.error for raised in chain] == [second, first]
    assert cause_of(first) is second


def test_long_chain_is_cut():
    error = ValueError(0)
    for number in range(100):
        error, below = ValueError(number), error
        error.__cause__ = below
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(raised_chain(error, None, variables)) == 32


def test_frame_that_hides_itself_is_left_out():
    def hidden():
        __traceback_hide__ = True  # noqa: F841 - read from the frame
        failing()

    names = [frame.function for frame in caught(hidden)[0].frames]
    assert not [name for name in names if name.endswith("hidden")]
    assert names[-1] == "failing"


def test_source_that_is_not_there_says_so():
    def broken():
        exec(compile("1 / 0", "<made up>", "exec"))

    frame = caught(broken)[0].frames[-1]
    assert (frame.source, frame.is_own) == ("<source code not available>", False)


def test_source_of_an_archive_comes_from_its_loader():
    class Loader:
        def get_source(self, name):
            return "1 / 0\n"

    def broken():
        exec(compile("1 / 0", "/archive.zip/code.py", "exec"), {"__name__": "code", "__loader__": Loader()})

    linecache.checkcache("/archive.zip/code.py")
    assert caught(broken)[0].frames[-1].source == "1 / 0"


def test_frames_of_libraries_are_told_apart():
    frames = caught(lambda: json.loads("{"))[0].frames
    assert [frame.is_own for frame in frames] == [True, True, *[False] * (len(frames) - 2)]


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("a", "'a'", id="text"),
        pytest.param(Unprintable(), "Error in formatting: RuntimeError: no text", id="unprintable"),
        pytest.param("x" * 5000, f"'{'x' * (MAX_VALUE_LENGTH - 1)}… <trimmed 5002 characters>", id="long"),
    ],
)
def test_value_becomes_text_whatever_it_is(value, text):
    assert value_text(value) == text
