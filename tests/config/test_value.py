import dataclasses

import pytest

from penstock.config import OPTIONS
from penstock.config.catalogue import Kind, Option
from penstock.config.value import expectation, parse_text, parse_toml


def some_option(kind: Kind, **changes: object) -> Option:
    plain = Option("server", "some", kind, None, "help", "reason", "", "", "", (), None, None)
    return dataclasses.replace(plain, **changes)


SWITCH = some_option(Kind.SWITCH, default=False)
TEXT = some_option(Kind.TEXT, default="")
CHOICE = some_option(Kind.TEXT, default="text", choices=("text", "json"))
LEVEL = some_option(Kind.TEXT, default="info", choices=("debug", "info", "error"))
WHOLE = some_option(Kind.WHOLE, default=4, unit="count", minimum=1, maximum=1024)
BYTES = some_option(Kind.WHOLE, default=4, unit="bytes", minimum=0)
RATE = some_option(Kind.WHOLE, default=500, unit="bytes/s", minimum=0)
SECONDS = some_option(Kind.NUMBER, default=30.0, unit="s", minimum=0.05)
ANY_NUMBER = some_option(Kind.NUMBER, default=1.0)
WORDS = some_option(Kind.WORDS, default=())
NEEDED_WORDS = some_option(Kind.WORDS, default=("127.0.0.1:8000",))


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        pytest.param(SWITCH, "true", True, id="switch-true"),
        pytest.param(SWITCH, "ON", True, id="switch-on-in-capitals"),
        pytest.param(SWITCH, "1", True, id="switch-1"),
        pytest.param(SWITCH, "no", False, id="switch-no"),
        pytest.param(SWITCH, "0", False, id="switch-0"),
        pytest.param(TEXT, " as it is ", " as it is ", id="text-is-not-trimmed"),
        pytest.param(CHOICE, "json", "json", id="choice"),
        pytest.param(WHOLE, "1", 1, id="least"),
        pytest.param(WHOLE, "1024", 1024, id="largest"),
        pytest.param(BYTES, "0", 0, id="zero"),
        pytest.param(BYTES, "512KiB", 512 * 1024, id="kibibytes"),
        pytest.param(BYTES, "64 MiB", 64 << 20, id="mebibytes-after-a-space"),
        pytest.param(BYTES, "2GiB", 2 << 30, id="gibibytes"),
        pytest.param(RATE, "1 KiB", 1024, id="rate"),
        pytest.param(SECONDS, "30", 30.0, id="seconds"),
        pytest.param(SECONDS, "0.5", 0.5, id="half-a-second"),
        pytest.param(SECONDS, "250 ms", 0.25, id="milliseconds"),
        pytest.param(SECONDS, "1.5min", 90.0, id="minutes"),
        pytest.param(SECONDS, "2h", 7200.0, id="hours"),
        pytest.param(WORDS, "10.0.0.0/8, unix", ("10.0.0.0/8", "unix"), id="words"),
        pytest.param(WORDS, "", (), id="no-words"),
    ],
)
def test_text_of_the_option_is_read(option: Option, text: str, value: object) -> None:
    assert parse_text(option, text) == value
    assert type(parse_text(option, text)) is type(value)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        pytest.param(SWITCH, "maybe", id="switch"),
        pytest.param(CHOICE, "xml", id="choice"),
        pytest.param(CHOICE, "JSON", id="choice-in-capitals"),
        pytest.param(WHOLE, "0", id="below"),
        pytest.param(WHOLE, "1025", id="above"),
        pytest.param(WHOLE, "-1", id="negative"),
        pytest.param(WHOLE, "+1", id="plus"),
        pytest.param(WHOLE, "1_0", id="underscore"),
        pytest.param(WHOLE, " 1", id="space"),
        pytest.param(WHOLE, "1.0", id="fraction"),
        pytest.param(WHOLE, "٣", id="arabic-digit"),
        pytest.param(WHOLE, "4 count", id="unit-that-is-no-suffix"),
        pytest.param(WHOLE, "", id="empty"),
        pytest.param(WHOLE, "9" * 5000, id="more-digits-than-int-reads"),
        pytest.param(BYTES, "1K", id="K"),
        pytest.param(BYTES, "1MB", id="MB"),
        pytest.param(BYTES, "0.5MiB", id="half-a-mebibyte"),
        pytest.param(SECONDS, "nan", id="nan"),
        pytest.param(SECONDS, "inf", id="inf"),
        pytest.param(SECONDS, "1e3", id="exponent"),
        pytest.param(SECONDS, "30 seconds", id="unit-in-words"),
        pytest.param(SECONDS, "0.01", id="below-the-least-time"),
        pytest.param(NEEDED_WORDS, " , ", id="no-words-where-one-is-needed"),
    ],
)
def test_text_that_is_no_value_is_refused_with_what_is_expected(option: Option, text: str) -> None:
    with pytest.raises(ValueError, match=r"^[a-z]") as refused:
        parse_text(option, text)
    assert str(refused.value) == expectation(option)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        pytest.param(SWITCH, True, True, id="boolean"),
        pytest.param(TEXT, "x", "x", id="text"),
        pytest.param(WHOLE, 7, 7, id="whole"),
        pytest.param(BYTES, "1 MiB", 1 << 20, id="whole-as-text-with-unit"),
        pytest.param(SECONDS, 2, 2.0, id="whole-for-a-number"),
        pytest.param(SECONDS, 2.5, 2.5, id="number"),
        pytest.param(SECONDS, "1 min", 60.0, id="number-as-text-with-unit"),
        pytest.param(WORDS, ["a,b", "c"], ("a,b", "c"), id="list-is-not-split"),
        pytest.param(WORDS, "a, b", ("a", "b"), id="one-text-is-split"),
    ],
)
def test_toml_of_the_option_is_read(option: Option, value: object, expected: object) -> None:
    assert parse_toml(option, value) == expected
    assert type(parse_toml(option, value)) is type(expected)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        pytest.param(SWITCH, "true", id="text-for-a-boolean"),
        pytest.param(SWITCH, 1, id="number-for-a-boolean"),
        pytest.param(WHOLE, True, id="boolean-for-a-number"),
        pytest.param(WHOLE, 2.0, id="float-for-a-whole-number"),
        pytest.param(WHOLE, 2000, id="above"),
        pytest.param(SECONDS, float("nan"), id="nan"),
        pytest.param(SECONDS, float("inf"), id="inf"),
        pytest.param(TEXT, 3, id="number-for-a-text"),
        pytest.param(WORDS, ["a", 1], id="list-of-mixed"),
        pytest.param(NEEDED_WORDS, [], id="empty-list-where-one-is-needed"),
        pytest.param(TEXT, {}, id="table"),
    ],
)
def test_toml_of_another_type_is_refused(option: Option, value: object) -> None:
    with pytest.raises(ValueError, match=r"^[a-z]"):
        parse_toml(option, value)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        pytest.param(WHOLE, "a whole number from 1 to 1024", id="range"),
        pytest.param(BYTES, "a whole number of bytes, at least 0", id="bytes"),
        pytest.param(RATE, "a whole number of bytes per second, at least 0", id="rate"),
        pytest.param(SECONDS, "a number of seconds, at least 0.05", id="seconds"),
        pytest.param(ANY_NUMBER, "a number", id="any"),
        pytest.param(CHOICE, "text or json", id="choices"),
        pytest.param(LEVEL, "debug, info or error", id="three-choices"),
        pytest.param(SWITCH, "true or false", id="switch"),
        pytest.param(TEXT, "a text", id="text"),
        pytest.param(WORDS, "a list of texts", id="words"),
        pytest.param(NEEDED_WORDS, "a list of one or more texts", id="needed-words"),
    ],
)
def test_expectation_names_unit_and_limits(option: Option, words: str) -> None:
    assert expectation(option) == words


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_default_of_every_option_is_inside_its_own_limits(option: Option) -> None:
    given = list(option.default) if isinstance(option.default, tuple) else option.default
    assert parse_toml(option, given) == option.default
