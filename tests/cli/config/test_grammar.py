import pytest

from penstock.cli.parser import parse_words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["config"], {"command": "config", "config": ""}),
        (["config", "-c", "x.toml"], {"command": "config", "config": "x.toml"}),
    ],
)
def test_words_are_understood(words: list[str], expected: dict[str, object]) -> None:
    assert vars(parse_words(words)) == expected
