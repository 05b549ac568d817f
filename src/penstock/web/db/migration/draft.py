"""Write the migrations that lead from a database to the models.

In:     models; a database that has all migrations so far.
Out:    files in the `migrations/` of apps, to be read by a person before they are run.
Never:  drops a table that no model has: it may be somebody else's.
Rules:  Alembic's comparison.  A migration of an app whose tables refer to another app's depends on that one's
        last.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext

from penstock.web.db.engine import engine
from penstock.web.db.migration.line import tables_by_app
from penstock.web.db.migration.run import pending_revisions
from penstock.web.db.migration.scripts import MigrationError, open_scripts, revisions_of
from penstock.web.db.model import Model, UTCDateTime

if TYPE_CHECKING:
    from alembic.operations.ops import DowngradeOps, MigrationScript, UpgradeOps
    from alembic.script import ScriptDirectory

    from penstock.web.db.migration.line import Line

_MAX_LABEL: Final = 27  # of a revision's 32 characters (Alembic's column); five are its number
_NOTHING: Final = "pass"


@dataclass(frozen=True, slots=True)
class Draft:
    """A migration that is not written yet.

    Attributes:
        line: of its app.
        upgrades: Python code; `downgrades` is the way back.
        imports: lines that the code needs.
        refers_to: labels of other apps whose tables must be there.
    """

    line: "Line"
    upgrades: str = _NOTHING
    downgrades: str = _NOTHING
    imports: frozenset[str] = field(default_factory=frozenset)
    refers_to: frozenset[str] = field(default_factory=frozenset)


def compare(lines: Sequence["Line"], wanted: Iterable["Line"]) -> list[Draft]:
    """Return what is to be written for the wanted lines, those that others refer to first.

    Args:
        lines: of all apps.
        wanted: of those that are compared.

    Raises:
        MigrationError: the database has not all migrations yet, so that it cannot be compared.
    """
    pending = pending_revisions(open_scripts(lines))
    if pending:
        raise MigrationError(
            f"database has not the migrations {pending!r}; expected `penstock migrate` before, so that "
            "it can be compared with the models"
        )
    return _in_order([made for line in wanted if (made := _compared(line))])


def write(lines: Sequence["Line"], drafts: Iterable[Draft], message: str = "") -> list[Path]:
    """Write migrations, and return their files; `message` says in a few words what they are about."""
    written = []
    for each in drafts:
        each.line.folder.mkdir(exist_ok=True)
        (each.line.folder / "__init__.py").touch()
        written.append(_written(open_scripts(lines), each, message))
    return written


def _written(scripts: "ScriptDirectory", draft: Draft, message: str) -> Path:
    line = draft.line
    is_first = not line.is_begun
    number = len(revisions_of(scripts, line)) + 1
    begun = {label for script in scripts.walk_revisions() for label in script.branch_labels}
    script = scripts.generate_revision(
        f"{line.label[:_MAX_LABEL]}_{number:04d}",
        message or ("initial" if is_first else "change"),
        head="base" if is_first else f"{line.label}@head",
        branch_labels=line.label if is_first else None,
        version_path=str(line.folder),
        depends_on=[f"{label}@head" for label in sorted(draft.refers_to & begun)] or None,
        imports=draft.imports,
        upgrades=draft.upgrades,
        downgrades=draft.downgrades,
    )
    if script is None:
        raise MigrationError(f"migration of {line.label!r} was written and cannot be read")
    return script._script_path


def _in_order(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts, each behind those that it refers to, where that is possible."""
    left, ordered = list(drafts), list[Draft]()
    while left:
        waiting = {each.line.label for each in left}
        free = next((each for each in left if not each.refers_to & waiting), left[0])
        left.remove(free)
        ordered.append(free)
    return ordered


def _compared(line: "Line") -> Draft | None:
    """Return what the database lacks of an app's models, or has and should not; None if nothing."""
    owners = tables_by_app()

    def is_ours(thing: Any, name: str | None, kind: str, *_rest: Any) -> bool:
        table = name if kind == "table" else thing.table.fullname
        return owners.get(str(table)) == line.label

    with engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        changes = produce_migrations(context, Model.metadata)
        if changes.upgrade_ops is None or changes.upgrade_ops.is_empty():
            return None
        return _rendered(line, changes, context)


def _rendered(line: "Line", changes: "MigrationScript", context: MigrationContext) -> Draft:
    contexts: list[Any] = []

    def render(kind: str, thing: Any, autogen: Any) -> str | Literal[False]:
        contexts.append(autogen)
        if kind == "type" and isinstance(thing, UTCDateTime):
            autogen.imports.add("from penstock.web.db import UTCDateTime")
            return "UTCDateTime()"
        return False

    def code(steps: "UpgradeOps | DowngradeOps | None") -> str:
        is_sqlite = context.dialect.name == "sqlite"  # which changes a table by making another
        return (
            _NOTHING
            if steps is None
            else _without_remarks(
                render_python_code(
                    steps, render_as_batch=is_sqlite, render_item=render, migration_context=context
                )
            )
        )

    upgrades, downgrades = code(changes.upgrade_ops), code(changes.downgrade_ops)
    imports = frozenset(name for each in contexts for name in each.imports)
    return Draft(line, upgrades, downgrades, imports, _others(line))


def _without_remarks(code: str) -> str:
    """Return generated code without the generator's remarks about itself."""
    lines = [line for line in code.splitlines() if not re.fullmatch(r"\s*# ### .* ###", line)]
    return "\n".join(lines).strip() or _NOTHING


def _others(line: "Line") -> frozenset[str]:
    """Return the apps to whose tables those of this one refer."""
    owners = tables_by_app()
    tables = [each for each in Model.metadata.tables.values() if owners.get(each.fullname) == line.label]
    led_to = {owners.get(key.column.table.fullname) for table in tables for key in table.foreign_keys}
    return frozenset(label for label in led_to if label not in {None, line.label} if label)
