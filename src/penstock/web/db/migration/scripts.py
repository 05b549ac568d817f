"""The migrations of all apps, as Alembic reads them: no alembic.ini, no env.py.

In:     the lines of the apps.
Out:    a ScriptDirectory; the revisions of a line, oldest first.
Never:  goes on with two migrations of one name or a line with two ends: which is meant?
Rules:  the first migration of a line carries the app's label as its branch label.
"""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic.script import ScriptDirectory
from alembic.util import CommandError

if TYPE_CHECKING:
    from alembic.script import Script

    from penstock.web.db.migration.line import Line

TEMPLATES: Final = Path(__file__).parent / "template"


class MigrationError(Exception):
    """Migrations that contradict each other, or do not fit the database."""


def open_scripts(lines: Iterable["Line"]) -> ScriptDirectory:
    """Read the migrations of these lines.

    Raises:
        MigrationError: two have one name, one follows what is not there, or a line has two ends.
    """
    lines = list(lines)
    folders = [line.folder for line in lines if line.folder.is_dir()] or [TEMPLATES]
    scripts = ScriptDirectory(TEMPLATES, version_locations=folders, messaging_opts={"quiet": True})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Alembic warns of here is a contradiction
            heads = scripts.get_heads()
            for line in lines:
                _check_line(line, [head for head in heads if line.label in _labels(scripts, head)])
    except (CommandError, UserWarning, KeyError) as error:
        raise MigrationError(f"migrations: {error}") from error
    return scripts


def _labels(scripts: ScriptDirectory, head: str) -> Iterable[str]:
    script = scripts.get_revision(head)
    return script.branch_labels if script else ()


def _check_line(line: "Line", heads: Sequence[str]) -> None:
    if len(heads) > 1:
        raise MigrationError(
            f"migrations of {line.label!r} end in {sorted(heads)!r}; expected one to follow the other: "
            "change down_revision of one of them"
        )
    if line.is_begun and not heads:
        raise MigrationError(
            f"migrations in {line.folder}: none has branch_labels = ({line.label!r},); expected the first to"
        )


def revisions_of(scripts: ScriptDirectory, line: "Line") -> list["Script"]:
    """Return the migrations of a line, oldest first."""
    if not line.is_begun:
        return []
    return [
        script
        for script in scripts.walk_revisions("base", f"{line.label}@head")
        if Path(script.path).parent == line.folder
    ][::-1]
