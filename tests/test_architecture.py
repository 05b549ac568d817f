"""ARCHITECTURE.md stays true: what its table of contents names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| (\d+) \| `([\w/.]+)` \| `(\w+)` \|", re.MULTILINE)
ROWS = ROW.findall((ROOT / "ARCHITECTURE.md").read_text())
INSIDE = re.compile(r"^\| ((?:6|9|10)[a-z]) \| `([\w/.]+)` \| `(\w+)` \|", re.MULTILINE)
INSIDE_ROWS = INSIDE.findall((ROOT / "ARCHITECTURE.md").read_text())


def test_table_of_contents_is_numbered_from_the_socket_to_the_log() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 11))


@pytest.mark.parametrize(
    ("file", "function"),
    [row[1:] for row in ROWS + INSIDE_ROWS],
    ids=[f"{row[1]}-{row[2]}" for row in ROWS + INSIDE_ROWS],
)
def test_file_and_function_of_the_table_exist(file: str, function: str) -> None:
    tree = ast.parse((ROOT / "src/penstock" / file).read_text())
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert function in defined


SOURCES = [*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").glob("*.py")]
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)`", (ROOT / "ARCHITECTURE.md").read_text())))


@pytest.mark.parametrize("file", NAMED)
def test_file_that_is_named_anywhere_is_there(file: str) -> None:
    assert any(path.as_posix().endswith(f"/{file}") for path in SOURCES)


@pytest.mark.parametrize(
    "room", sorted(path.parent.name for path in (ROOT / "src/penstock/agent").glob("*/__init__.py"))
)
def test_room_of_the_agent_is_in_its_list(room: str) -> None:
    assert re.search(rf"^{room}/ +\S", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("package", "room"),
    [
        (package, path.parent.name)
        for package in ("cli", "server", "telemetry")
        for path in sorted((ROOT / "src/penstock" / package).glob("*/__init__.py"))
    ],
)
def test_room_is_named_beside_its_package(package: str, room: str) -> None:
    listed = re.search(rf"^{package} +\S.*\n( .*\n)*", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    assert listed
    assert re.search(rf"\b{room}/", listed[0])


@pytest.mark.parametrize(
    "package", sorted(path.parent.name for path in (ROOT / "src/penstock").glob("*/__init__.py"))
)
def test_package_is_in_the_list_of_packages(package: str) -> None:
    assert re.search(rf"^{package} +\S", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
