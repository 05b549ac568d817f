import argparse
from collections.abc import Callable

import pytest

from penstock.cli import command
from penstock.cli.error import CommandError
from penstock.config import ConfigError


def raising(error: Exception) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("words", "line"),
    [
        pytest.param([], "penstock: no command; expected serve, cgi, status, ", id="none"),
        pytest.param(["serv"], "penstock: unknown command 'serv'; did you mean 'serve'?", id="misspelt"),
        pytest.param(
            ["serve", "app", "-w"], "penstock: argument -w/--workers: expected one argument", id="flag"
        ),
        pytest.param(
            ["serve", "app", "-w", "x"], "penstock: --workers 'x'; expected a whole number", id="value"
        ),
        pytest.param(["serve"], "penstock: nothing to serve; name the application", id="no-target"),
        pytest.param(
            ["config", "-c", "nope.toml"], "penstock: cannot read the configuration file", id="file"
        ),
    ],
)
def test_mistake_of_the_user_is_one_line_and_status_2(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run_command(words) == 2
    said = capsys.readouterr()
    assert said.err.startswith(line)
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(ConfigError("some option\nof two lines"), 2, id="configuration"),
        pytest.param(CommandError("some option\nof two lines"), 1, id="machine"),
    ],
)
def test_error_of_a_command_becomes_its_status_and_one_line(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "entry_of", lambda arguments: raising(error))
    assert command.run_command(["config"]) == status
    assert capsys.readouterr().err == "penstock: some option of two lines\n"
