import pytest

from penstock.cli.flags import given_flags, option_help, shown_default
from penstock.cli.parser import parse_words
from penstock.config import OPTIONS


def test_only_what_was_given_is_returned() -> None:
    assert given_flags(parse_words(["serve", "app"])) == {}


def test_repeated_flag_keeps_every_word() -> None:
    arguments = parse_words(["serve", "--bind", "a:1", "--bind", "unix:/x", "app"])
    assert given_flags(arguments) == {"bind": ["a:1", "unix:/x"]}


def test_switch_is_given_without_a_value() -> None:
    assert given_flags(parse_words(["serve", "--reload", "app"])) == {"reload": "true"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        pytest.param("workers", "0", id="whole"),
        pytest.param("min_body_rate", "500", id="whole-with-unit"),
        pytest.param("max_body_bytes", "1073741824", id="large"),
        pytest.param("keep_alive_s", "75", id="number"),
        pytest.param("bind", "127.0.0.1:8000", id="words"),
        pytest.param("trusted_proxies", "", id="no-words"),
        pytest.param("reload", "false", id="switch-off"),
        pytest.param("log_query", "true", id="switch-on"),
    ],
)
def test_default_is_shown_as_one_would_type_it(key: str, text: str) -> None:
    assert shown_default(OPTIONS[key]) == text


def test_help_of_a_flag_says_default_and_unit() -> None:
    assert option_help(OPTIONS["keep_alive_s"]).endswith("(default: 75 s)")
    assert option_help(OPTIONS["threads"]).endswith("(default: 4)")
    assert option_help(OPTIONS["user"]) == OPTIONS["user"].help
