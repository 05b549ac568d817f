"""Names that a file reaches through a module that it has imported: `generic.ListView`.

In:     a source, the beginning of the names that matter.
Out:    lines and full names, those on the way included.
Never:  imports anything; follows a name that the file gives to something else as well.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

_NAMED: Final = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.ExceptHandler,
    ast.MatchAs,
    ast.MatchStar,
)


def reached_names(source: bytes, prefix: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of each attribute; SyntaxError if it is no Python."""
    tree = ast.parse(source)
    meant = dict(_imported(tree))
    for name in {*_given(tree), *_imported_otherwise(tree, meant)}:
        meant.pop(name, None)
    for node in ast.walk(tree):
        full = _full_name(node, meant) if isinstance(node, ast.Attribute) else ""
        if prefix.match(full):
            yield node.lineno, full  # type: ignore[attr-defined]  # it is an Attribute


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each name that an import gives, and what it means."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                root = each.name.partition(".")[0]
                yield (each.asname, each.name) if each.asname else (root, root)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((each.asname or each.name, f"{module}.{each.name}") for each in node.names)


def _imported_otherwise(tree: ast.AST, meant: dict[str, str]) -> set[str]:
    """Return names that are imported from two places, as where one of them may be missing."""
    return {name for name, full in _imported(tree) if meant[name] != full}


def _given(tree: ast.AST) -> Iterator[str]:
    """Yield the names that are given by anything but an import: variables, parameters, functions, classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, _NAMED):
            yield node.name or ""  # `except E:` names nothing


def _full_name(node: ast.expr, meant: dict[str, str]) -> str:
    """Return what `a.b.c` means; empty if `a` is nothing imported."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in meant:
        return ""
    return ".".join([meant[node.id], *reversed(parts)])
