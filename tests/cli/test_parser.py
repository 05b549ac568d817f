import re
import subprocess
import sys

import pytest

from penstock.cli.parser import (
    COMMANDS,
    EXPECTED,
    flag_hint,
    parse_words,
)
from penstock.config import ConfigError


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
        pytest.param(
            ["-c", "x.toml", "serve"], f"'-c' before a command; expected {EXPECTED} first", id="flag-first"
        ),
        pytest.param(["--vers"], f"'--vers' before a command; expected {EXPECTED} first", id="abbreviation"),
        pytest.param(["--", "serve"], f"'--' before a command; expected {EXPECTED} first", id="dashes"),
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


def test_help_of_all_names_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_words(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    # Python 3.11 gives a long name a line of its own.
    assert [name for name in COMMANDS if not re.search(rf"^    {name}(?: |$)", said, re.MULTILINE)] == []


def test_grammar_of_a_command_is_read_without_those_of_others() -> None:
    program = (
        "import sys, penstock.cli.parser\n"
        "penstock.cli.parser.parse_words(['serve', 'app'])\n"
        "print([name for name in sys.modules if name.endswith('.grammar')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['penstock.cli.serve.grammar']\n"


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_of_every_command_is_printed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_words([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: penstock {command}" in capsys.readouterr().out
