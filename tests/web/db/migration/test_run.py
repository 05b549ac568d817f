from pathlib import Path

import pytest


def test_migrations_are_made_once_and_in_order(project) -> None:
    project.run("makemigrations")
    assert project.run("migrate") == ["+ stock_0001", "+ shop_0001", "2 migrations"]
    assert project.run("migrate") == ["nothing to migrate"]


def test_one_app_brings_those_it_refers_to(project) -> None:
    project.run("makemigrations")
    assert project.run("migrate", "stock") == ["+ stock_0001", "1 migration"]
    assert project.run("migrate", "shop") == ["+ shop_0001", "1 migration"]


def test_app_goes_back_to_a_migration_and_to_zero(migrated, query) -> None:
    migrated.run("makemigrations", "stock", "--empty")
    migrated.run("migrate")
    assert migrated.run("migrate", "stock", "stock_0001") == ["- stock_0002", "1 migration"]
    assert migrated.run("migrate", "stock", "zero") == ["- shop_0001", "- stock_0001", "2 migrations"]
    assert query("SELECT name FROM sqlite_master WHERE name LIKE 's%_%' AND type = 'table'") == []
    assert migrated.run("migrate", "stock", "stock_0002")[-1] == "2 migrations"


def test_migration_that_fails_takes_all_steps_back(migrated, query) -> None:
    for app, step in {
        "stock": "op.execute('CREATE TABLE half (a)')",
        "shop": "op.execute('nonsense')",
    }.items():
        migrated.run("makemigrations", app, "--empty")
        (path,) = Path(migrated.folder, app, "migrations").glob("*0002*")
        text = path.read_text().replace("    pass", f"    {step}", 1)
        path.write_text(text)
    (said,) = migrated.run("migrate", status=1)
    assert 'near "nonsense": syntax error' in said
    assert query("SELECT name FROM sqlite_master WHERE name = 'half'") == []
    assert " [ ] stock_0002  Change." in migrated.run("showmigrations")


def test_migration_that_leaves_rows_referring_to_nothing_is_taken_back(migrated, query) -> None:
    query("INSERT INTO stock_item VALUES (1, 'a')")
    query("INSERT INTO shop_order VALUES (1, '2026-01-01', 1)")
    migrated.run("makemigrations", "stock", "--empty")
    (path,) = Path(migrated.folder, "stock/migrations").glob("*0002*")
    path.write_text(path.read_text().replace("    pass", "    op.execute('DELETE FROM stock_item')", 1))
    (said,) = migrated.run("migrate", status=1)
    assert "row 1 of table 'shop_order' would refer to a row of 'stock_item' that is not there" in said
    assert query("SELECT count(*) FROM stock_item") == [(1,)]


def test_two_that_migrate_at_once_make_each_step_once(project) -> None:
    project.run("makemigrations")
    both = [project.start("migrate") for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0] for process in both)
    assert said == ["+ stock_0001\n+ shop_0001\n2 migrations\n", "nothing to migrate\n"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["migrate", "nope"], "app 'nope' is not installed; expected one of ['shop', 'stock']"),
        (["migrate", "shop", "nope"], "Can't locate revision identified by 'nope'"),
        (["migrate", "--database", "other"], "DATABASES has no 'other'"),
        (["makemigrations", "nope"], "app 'nope' is not installed"),
        (["showmigrations", "--settings", "nope.settings"], "No module named 'nope'"),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_said_in_a_line(migrated, words, said) -> None:
    (line,) = migrated.run(*words, status=1)
    assert said in line


def test_database_with_a_migration_that_is_not_there_is_said(migrated, query) -> None:
    query("UPDATE alembic_version SET version_num = 'gone_0001'")
    (line,) = migrated.run("migrate", status=1)
    assert "database has migration 'gone_0001'; expected it to stand in an installed app" in line


def test_list_shows_what_the_database_has(migrated) -> None:
    migrated.run("makemigrations", "shop", "--empty", "-m", "more")
    assert migrated.run("showmigrations") == [
        "shop",
        " [X] shop_0001  Initial.",
        " [ ] shop_0002  More.",
        "stock",
        " [X] stock_0001  Initial.",
    ]


def test_check_names_migrations_that_are_not_applied(project) -> None:
    project.run("makemigrations")
    said = "\n".join(project.run("check"))
    assert "warning databases.W001: 2 migrations are not applied: stock_0001, shop_0001" in said
    assert "penstock migrate" in said
    project.run("migrate")
    assert project.run("check") == ["nothing found"]


def test_sessions_in_the_database_need_their_app_and_its_migration(project, query) -> None:
    project.append("proj/settings.py", 'SESSION_ENGINE = "penstock.web.contrib.sessions.backends.db"\n')
    said = "\n".join(project.run("check", status=1))
    assert "error sessions.E001" in said
    project.append("proj/settings.py", 'INSTALLED_APPS += ["penstock.web.contrib.sessions"]\n')
    assert "sessions_0001" in "\n".join(project.run("check"))
    assert project.run("migrate") == ["+ sessions_0001", "1 migration"]
    assert project.run("makemigrations", "sessions", "--check") == []
    insert = "INSERT INTO django_session (session_key, session_data, expire_date) VALUES "
    query(insert + "('over', '', '2000-01-01 00:00:00'), ('open', '', '2999-01-01 00:00:00')")
    assert project.run("clearsessions") == []
    assert query("SELECT session_key FROM django_session") == [("open",)]
    assert project.run("check") == ["nothing found"]
