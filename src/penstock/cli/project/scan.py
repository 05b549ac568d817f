"""Names of Django that a project uses, read from its sources: which of them are not there.

Nothing of the project is imported: a project that cannot start yet is the one that needs this.

In:     Python files.
Out:    `Missing` values: where, which name, what instead.
Never:  looks into virtual environments, hidden folders, what tools have built, and what may not be read.
Rules:  `django.x` counts as `penstock.web.x`; imports count, what is reached through them (reach.py), and
        text that is nothing but such a name, as in settings, unless it names a logger.
"""

import ast
import importlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from penstock.cli.project.absent import advice_for
from penstock.cli.project.reach import reached_names

SKIPPED: Final = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages"})
_PREFIX: Final = re.compile(r"(?:django|penstock\.web)(?:\.|$)")
_LOGGER_CALLS: Final = frozenset({"getLogger", "assertLogs", "assertNoLogs"})
_DOTTED: Final = re.compile(r"(?:django|penstock\.web)(?:\.[A-Za-z_]\w*)+")


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that a file uses and that is not there."""

    path: Path
    line: int
    name: str
    advice: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What a project's files say.

    Attributes:
        still_django: files that import Django itself.
        unreadable: files that are no Python, with the reason.
    """

    missing: tuple[Missing, ...]
    still_django: tuple[Path, ...]
    unreadable: tuple[tuple[Path, str], ...]


def scan_folder(folder: Path) -> Scan:
    """Read all Python files below `folder`."""
    missing: list[Missing] = []
    still_django: list[Path] = []
    unreadable: list[tuple[Path, str]] = []
    for path in python_files(folder):
        try:
            source = path.read_bytes()
            names = [*used_names(source), *_reached_in_modules(source)]
        except (SyntaxError, ValueError, OSError) as error:
            unreadable.append((path, str(error)))
            continue
        absent = sorted((line, name) for line, name in names if not is_there(name))
        missing += [Missing(path, line, name, advice_for(_relative(name))) for line, name in absent]
        if any(name.split(".")[0] == "django" for _, name in names):
            still_django.append(path)
    return Scan(tuple(missing), tuple(still_django), tuple(unreadable))


def python_files(folder: Path) -> Iterator[Path]:
    """Yield the project's own Python files, sorted within each folder."""
    for here, folders, files in os.walk(folder):
        place = Path(here)
        folders[:] = sorted(name for name in folders if _is_own(place / name))
        yield from sorted(place / name for name in files if name.endswith(".py"))


def _is_own(folder: Path) -> bool:
    if folder.name in SKIPPED or folder.name.startswith("."):
        return False
    return not os.path.exists(folder / "pyvenv.cfg")  # noqa: PTH110 - Path.exists raises where we may not look


def used_names(source: bytes) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of each use; SyntaxError if it is no Python."""
    loggers: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        loggers.update(_names_of_loggers(node))  # a node comes before what it is made of
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names if _PREFIX.match(each.name))
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and _PREFIX.match(node.module or ""):
            yield from ((node.lineno, _imported(node.module or "", each.name)) for each in node.names)
        elif isinstance(node, ast.Constant) and node not in loggers and _is_dotted(node.value):
            yield node.lineno, str(node.value)


def _reached_in_modules(source: bytes) -> Iterator[tuple[int, str]]:
    """Yield what is reached in modules that are there; what objects and classes have is their own affair."""
    for line, name in reached_names(source, _PREFIX):
        if _is_module(name.rpartition(".")[0]):
            yield line, name


def _names_of_loggers(node: ast.AST) -> Iterable[ast.AST]:
    """Return those parts that name loggers: in a call, or as keys of a mapping such as LOGGING."""
    if isinstance(node, ast.Dict):
        return [key for key in node.keys if key is not None]
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return node.args if called in _LOGGER_CALLS else ()
    return ()


def _is_dotted(value: object) -> bool:
    return isinstance(value, str) and _DOTTED.fullmatch(value) is not None


def _imported(module: str, name: str) -> str:
    return module if name == "*" else f"{module}.{name}"


def _relative(name: str) -> str:
    return name.removeprefix("django.").removeprefix("penstock.web.")


def _ours(name: str) -> str:
    return name if name.startswith("penstock.") else "penstock.web" + name.removeprefix("django")


@cache
def _is_module(name: str) -> bool:
    try:
        importlib.import_module(_ours(name))
    except ImportError:
        return False
    return _PREFIX.match(name) is not None


@cache
def is_there(name: str) -> bool:
    """Tell whether penstock.web has what `name`, Django's or ours, means.

    A module that is there and cannot be imported, as a package that it needs is missing, counts as having it.
    """
    ours = _ours(name)
    try:
        importlib.import_module(ours)
    except ImportError:
        module, _, attribute = ours.rpartition(".")
        return bool(module) and module.startswith("penstock.web") and _has(module, attribute)
    return True


@cache
def _has(module: str, attribute: str) -> bool:
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        if not (error.name or "").startswith("penstock"):
            return True
        parent, _, name = module.rpartition(".")  # an attribute of an attribute: a method, a nested class
        if not parent.startswith("penstock.web") or not _has(parent, name):
            return False
        return hasattr(getattr(importlib.import_module(parent), name, None), attribute)
    return hasattr(found, attribute)
