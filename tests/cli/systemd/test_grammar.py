import pytest

from penstock.cli.parser import parse_words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["systemd", "app", "--name", "site", "--user", "www"],
            {
                "command": "systemd",
                "target": "app",
                "config": "",
                "name": "site",
                "user": "www",
                "output": "",
            },
        ),
        (
            ["systemd", "--output", "units"],
            {"command": "systemd", "target": "", "config": "", "name": "", "user": "", "output": "units"},
        ),
    ],
)
def test_words_are_understood(words: list[str], expected: dict[str, object]) -> None:
    assert vars(parse_words(words)) == expected
