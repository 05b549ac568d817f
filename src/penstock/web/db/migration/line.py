"""Which app has which tables, and where its migrations stand.

In:     INSTALLED_APPS, whose `models` modules are imported; the tables of `db.Model`.
Out:    a `Line` for each app; the app that a table belongs to.
Never:  looks into a database.
Rules:  a table is its model's app's; one without a model (of a many-to-many relation) belongs where its first
        foreign key leads; `info={"app": label}` of a table overrules both.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.web.apps import apps
from penstock.web.db.model import Model
from penstock.web.utils.module_loading import module_has_submodule

if TYPE_CHECKING:
    from sqlalchemy import Table


@dataclass(frozen=True, slots=True)
class Line:
    """The migrations of one app.

    Attributes:
        label: of the app.
        folder: where they stand, or would.
    """

    label: str
    folder: Path

    @property
    def is_begun(self) -> bool:
        """Whether there is a migration."""
        return any(self.folder.glob("[!_]*.py"))


def lines() -> list[Line]:
    """Return the line of each app, in the order of INSTALLED_APPS; their models are imported."""
    found = []
    for config in apps.get_app_configs():
        if module_has_submodule(config.module, "models"):
            importlib.import_module(f"{config.name}.models")
        found.append(Line(config.label, Path(config.path) / "migrations"))
    return found


def tables_by_app() -> dict[str, str]:
    """Return name of table -> label of its app; a table of no app is not there."""
    modules = {
        mapper.local_table.fullname: mapper.class_.__module__
        for mapper in Model.registry.mappers
        if mapper.local_table is not None and hasattr(mapper.local_table, "fullname")
    }
    found = {}
    for table in Model.metadata.tables.values():
        label = _label_of(table, modules)
        if label is not None:
            found[table.fullname] = label
    return found


def _label_of(table: "Table", modules: dict[str, str]) -> str | None:
    if "app" in table.info:
        return str(table.info["app"])
    module = modules.get(table.fullname)
    if module is None:
        led_to = sorted(key.column.table.fullname for key in table.foreign_keys)
        module = next((modules[name] for name in led_to if name in modules), "")
    owners = [each for each in apps.get_app_configs() if f"{module}.".startswith(f"{each.name}.")]
    return max(owners, key=lambda each: len(each.name)).label if owners else None
