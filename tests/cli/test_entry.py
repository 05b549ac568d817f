import inspect
import subprocess
import sys
from argparse import ArgumentParser, Namespace

import pytest

from penstock.cli.entry import ENTRIES, entry_of, grammar_of


@pytest.mark.parametrize("command", list(ENTRIES))
def test_every_command_has_a_function_of_its_module_that_takes_words(command: str) -> None:
    function = entry_of(Namespace(command=command, action="run"))
    assert list(inspect.signature(function).parameters) == ["arguments"]
    assert function.__module__ == f"penstock.cli.{ENTRIES[command].partition(':')[0]}"


@pytest.mark.parametrize("command", list(ENTRIES))
def test_every_command_has_a_grammar_that_adds_it_alone(command: str) -> None:
    commands = ArgumentParser().add_subparsers()
    grammar_of(command)(commands)
    assert list(commands.choices) == [command]


def test_status_of_agents_is_a_command_that_imports_no_agent() -> None:
    program = (
        "import sys\n"
        "from argparse import Namespace\n"
        "from penstock.cli.entry import entry_of\n"
        "found = entry_of(Namespace(command='agent', action='status'))\n"
        "print(found.__name__, 'penstock.agent.machine' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "run_agent_status False\n"
