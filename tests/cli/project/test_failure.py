import sys
from pathlib import Path

import pytest

from penstock.cli.project.failure import describe_failure


def failure_of(path: Path, text: str) -> BaseException:
    """What running this text as this file raises."""
    try:
        exec(compile(text, str(path), "exec"), {})
    except Exception as error:  # noqa: BLE001 - whichever: it is what is looked at
        return error
    pytest.fail(f"{text!r} raised nothing")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("\n1 / 0", "ZeroDivisionError: division by zero (shop/views.py:2)", id="error"),
        pytest.param("raise KeyError", "KeyError (shop/views.py:1)", id="no-message"),
        pytest.param("raise ValueError('a\\nb')", "ValueError: a b (shop/views.py:1)", id="two-lines"),
        pytest.param("x = (", "SyntaxError: '(' was never closed (shop/views.py:1)", id="syntax"),
        pytest.param(
            "import json\njson.loads('')",
            "JSONDecodeError: Expecting value: line 1 column 1 (char 0) (shop/views.py:2)",
            id="raised-by-a-library",
        ),
    ],
)
def test_failure_names_the_line_of_the_project(folder: Path, text: str, told: str) -> None:
    assert describe_failure(failure_of(folder / "shop/views.py", text)) == told


def test_failure_outside_of_the_project_has_no_place(folder: Path) -> None:
    error = failure_of(folder.parent / "elsewhere.py", "1 / 0")
    assert describe_failure(error) == "ZeroDivisionError: division by zero"


def test_libraries_that_lie_in_the_project_are_not_its_lines(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(folder / ".venv"))
    error = failure_of(folder / ".venv/lib/library.py", "1 / 0")
    assert describe_failure(error) == "ZeroDivisionError: division by zero"
