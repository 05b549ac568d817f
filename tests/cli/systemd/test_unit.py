import pytest

from penstock.cli.systemd.unit import UNIT_NAME, Section, command, path, render, word


def test_unit_is_its_sections_with_a_line_for_each_setting() -> None:
    sections = (Section("Unit", ("A=1", "A=2")), Section("Install", ("B=3",)))
    assert render(sections) == "[Unit]\nA=1\nA=2\n\n[Install]\nB=3\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("mysite.wsgi:app", "mysite.wsgi:app", id="plain"),
        pytest.param("a b", '"a b"', id="blank"),
        pytest.param("", '""', id="empty"),
        pytest.param("100%", "100%%", id="percent"),
        pytest.param('a"b\\c', '"a\\"b\\\\c"', id="quote-and-backslash"),
        pytest.param("a\nb", '"a\\nb"', id="line-end"),
        pytest.param("it's;#", '"it\'s;#"', id="signs"),
    ],
)
def test_word_is_written_so_that_systemd_reads_it_back(text: str, written: str) -> None:
    assert word(text) == written


def test_dollar_of_a_command_is_no_variable() -> None:
    assert command(["echo", "$HOME", "a b"]) == 'echo $$HOME "a b"'


def test_percent_of_a_path_is_no_specifier() -> None:
    assert path("/srv/a b/%h") == "/srv/a b/%%h"


@pytest.mark.parametrize("name", ["", "a/b", "a b", "a@b", "x" * 201, "ä"])
def test_name_that_is_none_of_a_unit_is_known(name: str) -> None:
    assert not UNIT_NAME.fullmatch(name)
