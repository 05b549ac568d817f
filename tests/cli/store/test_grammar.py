import pytest

from penstock.cli.parser import parse_words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["errors", "show", "3f", "--since", "2h"],
            {
                "command": "errors",
                "words": ["show", "3f"],
                "since": "2h",
                "json": False,
                "store": "",
                "pid": None,
                "pid_file": None,
                "config": "",
            },
        ),
        (
            ["trace", "4a", "--errors", "-n", "5"],
            {
                "command": "trace",
                "id": "4a",
                "slowest": False,
                "errors": True,
                "number": "5",
                "json": False,
                "store": "",
                "pid": None,
                "pid_file": None,
                "config": "",
            },
        ),
        (
            ["metrics", "hits", "--json", "--store", "s.db"],
            {
                "command": "metrics",
                "name": "hits",
                "since": "",
                "json": True,
                "store": "s.db",
                "pid": None,
                "pid_file": None,
                "config": "",
            },
        ),
    ],
)
def test_words_are_understood(words: list[str], expected: dict[str, object]) -> None:
    assert vars(parse_words(words)) == expected
