import subprocess
import sys

import pytest

from penstock import __version__
from penstock.cli import main


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version_is_printed(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([flag]) == 0
    assert capsys.readouterr().out == f"penstock {__version__}\n"


def test_version_is_answered_without_loading_what_only_other_commands_need() -> None:
    program = "import sys, penstock.cli; penstock.cli.main(['--version']); print(sorted(sys.modules))"
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert not {"argparse", "penstock.config", "penstock.server", "logging"} & set(
        output.replace("'", "").split(", ")
    )


def test_words_of_the_process_are_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["penstock", "serve", "--nonsense"])
    assert main() == 2
    assert capsys.readouterr().err.startswith("penstock: unknown argument '--nonsense'")


def test_module_runs_like_the_command() -> None:
    command = [sys.executable, "-m", "penstock", "--version"]
    assert (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
        == f"penstock {__version__}\n"
    )
