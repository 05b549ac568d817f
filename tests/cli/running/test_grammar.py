import pytest

from penstock.cli.parser import parse_words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["status", "--json", "--pid", "7"],
            {"command": "status", "pid": "7", "pid_file": None, "json": True},
        ),
        (
            ["logs", "a.log", "-f", "-n", "5", "--slower", "1s", "--pid-file", "p"],
            {
                "command": "logs",
                "files": ["a.log"],
                "follow": True,
                "number": "5",
                "json": False,
                "status": "",
                "slower": "1s",
                "request": "",
                "path": "",
                "since": "",
                "until": "",
                "level": "",
                "worker": "",
                "format": "",
                "pid": None,
                "pid_file": "p",
                "config": "",
            },
        ),
        (["reload", "--wait"], {"command": "reload", "pid": None, "pid_file": None, "wait": True}),
    ],
)
def test_words_are_understood(words: list[str], expected: dict[str, object]) -> None:
    assert vars(parse_words(words)) == expected
