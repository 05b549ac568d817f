from pathlib import Path

import pytest

from penstock.web.db.migration.line import Line
from penstock.web.db.migration.scripts import MigrationError, open_scripts, revisions_of


def put(folder: Path, name: str, down: str | None, label: str | None = None, revision: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(
        f"revision = {revision or name!r}\ndown_revision = {down!r}\nbranch_labels = {label!r}\n"
        "depends_on = None\ndef upgrade(): pass\ndef downgrade(): pass\n"
    )


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line("shop", tmp_path / "migrations")


def test_migrations_of_a_line_are_returned_oldest_first(line) -> None:
    put(line.folder, "b", "a")
    put(line.folder, "a", None, "shop")
    assert [each.revision for each in revisions_of(open_scripts([line]), line)] == ["a", "b"]


def test_line_without_migrations_has_none(line) -> None:
    assert revisions_of(open_scripts([line]), line) == []


def test_line_with_two_ends_is_refused(line) -> None:
    put(line.folder, "a", None, "shop")
    put(line.folder, "b", "a")
    put(line.folder, "c", "a")
    with pytest.raises(MigrationError, match=r"'shop' end in \['b', 'c'\]; expected one to follow the other"):
        open_scripts([line])


def test_two_migrations_of_one_name_are_refused(line) -> None:
    put(line.folder, "a", None, "shop")
    put(line.folder, "other", None, "shop", revision="a")
    with pytest.raises(MigrationError, match="a is present more than once"):
        open_scripts([line])


def test_migration_that_follows_what_is_not_there_is_refused(line) -> None:
    put(line.folder, "b", "gone", "shop")
    with pytest.raises(MigrationError, match="gone"):
        open_scripts([line])


def test_line_whose_first_migration_has_no_label_is_refused(line) -> None:
    put(line.folder, "a", None)
    with pytest.raises(MigrationError, match=r"none has branch_labels = \('shop',\)"):
        open_scripts([line])
