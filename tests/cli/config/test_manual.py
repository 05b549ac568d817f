import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.cli.config.manual import SYNOPSIS, render_man_page, render_options
from penstock.cli.parser import COMMANDS
from penstock.config import OPTIONS, Option

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("page", "render"),
    [
        pytest.param("manual.md", render_options, id="options"),
        pytest.param("penstock.1", render_man_page, id="man-page"),
    ],
)
def test_page_of_the_docs_is_what_the_options_say(page: str, render: Callable[[], str]) -> None:
    assert (DOCS / page).read_text() == render(), "run: make manual"


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_every_option_is_in_the_manual_with_its_reason_and_variable(option: Option) -> None:
    entry = render_options().partition(f"### `{option.key}`\n")[2].partition("\n#")[0]
    assert f"- why: {option.reason}\n" in entry
    assert f"- variable: `{option.variable}`\n" in entry
    assert ("- flag: " in entry) == bool(option.flag)


def test_man_page_names_every_flag() -> None:
    page = render_man_page()
    for option in OPTIONS.values():
        escaped = option.flag.replace("-", r"\-")
        assert not option.flag or rf"\fB\-\-{escaped}\fR" in page


def test_man_page_names_every_command() -> None:
    assert sorted(SYNOPSIS) == sorted(COMMANDS)
    page = render_man_page()
    assert all(f"\n.B penstock {name}\n" in page for name in COMMANDS)


def test_man_page_has_no_line_that_troff_would_take_for_a_request() -> None:
    requests = {line.split()[0] for line in render_man_page().splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".TP", ".B", ".I", ".br"}


def test_man_page_is_clean_for_groff(require_program: Callable[..., str]) -> None:
    command = [require_program("groff"), "-man", "-Tutf8", "-ww", "-z"]
    checked = subprocess.run(command, input=render_man_page(), capture_output=True, text=True, check=True)
    assert checked.stderr == ""
