import pytest

from penstock.cli.flags import given_flags
from penstock.cli.parser import build_parser, parse_words


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


def test_target_may_be_left_to_the_configuration() -> None:
    assert parse_words(["serve"]).target == ""
