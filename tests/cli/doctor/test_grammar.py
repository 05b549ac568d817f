import pytest

from penstock.cli.parser import parse_words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["doctor", "app", "--json"],
            {
                "command": "doctor",
                "target": "app",
                "config": "",
                "pid": None,
                "proxy_keep_alive": "60",
                "json": True,
            },
        ),
        (
            ["doctor", "--proxy-keep-alive", "5", "--pid", "7"],
            {
                "command": "doctor",
                "target": "",
                "config": "",
                "pid": "7",
                "proxy_keep_alive": "5",
                "json": False,
            },
        ),
    ],
)
def test_words_are_understood(words: list[str], expected: dict[str, object]) -> None:
    assert vars(parse_words(words)) == expected
