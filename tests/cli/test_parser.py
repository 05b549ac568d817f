import pytest

from penstock.cli.parser import (
    COMMANDS,
    EXPECTED,
    build_parser,
    flag_hint,
    given_flags,
    option_help,
    parse_words,
    shown_default,
)
from penstock.config import OPTIONS, ConfigError


def serve_flags() -> list[str]:
    """All spellings of `penstock serve --help`, one for each flag."""
    parser = build_parser()
    serve = parser._subparsers._group_actions[0].choices["serve"]
    return [action.option_strings[-1] for action in serve._actions if action.option_strings]


def test_serve_has_at_most_25_flags() -> None:
    assert len(serve_flags()) <= 25, "what nobody types stays in the file"


@pytest.mark.parametrize(
    "flag",
    [
        "--bind",
        "--workers",
        "--threads",
        "--request-timeout",
        "--header-timeout",
        "--body-timeout",
        "--keep-alive",
        "--access-log",
        "--access-log-format",
        "--pid-file",
        "--user",
        "--group",
        "--umask",
        "--chdir",
        "--reload",
        "--config",
    ],
)
def test_promised_flag_is_there(flag: str) -> None:
    assert flag in serve_flags()


def test_short_flags_are_gunicorns() -> None:
    arguments = parse_words(["serve", "-b", "a:1", "-w", "2", "-t", "9", "-c", "x.toml", "app"])
    assert given_flags(arguments) == {"bind": ["a:1"], "workers": "2", "request_timeout_s": "9"}
    assert arguments.config == "x.toml"
    assert arguments.target == "app"


def test_only_what_was_given_is_returned() -> None:
    assert given_flags(parse_words(["serve", "app"])) == {}


def test_repeated_flag_keeps_every_word() -> None:
    arguments = parse_words(["serve", "--bind", "a:1", "--bind", "unix:/x", "app"])
    assert given_flags(arguments) == {"bind": ["a:1", "unix:/x"]}


def test_switch_is_given_without_a_value() -> None:
    assert given_flags(parse_words(["serve", "--reload", "app"])) == {"reload": "true"}


def test_target_may_be_left_to_the_configuration() -> None:
    assert parse_words(["serve"]).target == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ["serve", "--worker", "3"], "unknown argument '--worker'; did you mean '--workers'?", id="near"
        ),
        pytest.param(
            ["serve", "--timeout", "3"],
            "unknown argument '--timeout'; it is --request-timeout here",
            id="gunicorn",
        ),
        pytest.param(
            ["serve", "--work", "3"],
            "unknown argument '--work'; did you mean '--workers'?",
            id="abbreviation",
        ),
        pytest.param(
            ["serve", "a", "b"], "unknown argument 'b'; quote it if it belongs to the word before", id="word"
        ),
        pytest.param(
            ["serve", "-w"],
            "argument -w/--workers: expected one argument; see penstock serve --help",
            id="no-value",
        ),
        pytest.param(
            ["status", "--jsn"], "unknown argument '--jsn'; see penstock status --help", id="other-command"
        ),
        pytest.param(
            ["restart"],
            f"unknown command 'restart'; expected {EXPECTED}",
            id="command",
        ),
        pytest.param(["staus"], "unknown command 'staus'; did you mean 'status'?", id="near-command"),
        pytest.param([], f"no command; expected {EXPECTED}", id="nothing"),
    ],
)
def test_words_that_are_no_command_are_refused_with_a_hint(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_words(words)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("flag", "hint"),
    [
        pytest.param("--worker-class=gevent", "there is one kind of worker", id="worker-class"),
        pytest.param("-D", "systemd", id="daemon"),
        pytest.param("--certfile", "proxy in front", id="tls"),
        pytest.param(
            "--max-body-bytes", "set max_body_bytes in penstock.toml, or PENSTOCK_MAX_BODY_BYTES", id="file"
        ),
        pytest.param("--zzzzzzzz", "see penstock serve --help", id="nothing-near"),
    ],
)
def test_flag_from_elsewhere_is_answered_with_what_to_do(flag: str, hint: str) -> None:
    assert hint in flag_hint(flag, "serve")


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


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_of_every_command_is_printed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_words([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: penstock {command}" in capsys.readouterr().out
