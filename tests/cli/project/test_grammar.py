import subprocess
import sys

import pytest

from penstock.cli.parser import parse_words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["startproject", "shop"], {"command": "startproject", "name": "shop", "folder": ""}),
        (["check", "--deploy"], {"command": "check", "deploy": True, "json": False, "settings": ""}),
        (["clearsessions"], {"command": "clearsessions", "settings": ""}),
        (["routes", "--settings", "a.b"], {"command": "routes", "settings": "a.b", "json": False}),
    ],
)
def test_words_are_understood(words: list[str], expected: dict[str, object]) -> None:
    assert vars(parse_words(words)) == expected


def test_server_starts_without_the_framework() -> None:
    program = (
        "import sys, penstock.cli.command, penstock.cli.serve.command\n"
        "print([name for name in sys.modules if 'penstock.web' in name])"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output == "[]\n"
