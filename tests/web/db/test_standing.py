import pytest
import sqlalchemy as sa

from penstock.web.db.standing import is_read, standing_of, watch


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "  select 1",
        "VALUES (1)",
        "PRAGMA foreign_keys",
        "EXPLAIN DELETE FROM a",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "SAVEPOINT a",
        "ROLLBACK TO SAVEPOINT a",
    ],
)
def test_statement_that_changes_nothing_is_a_read(statement) -> None:
    assert is_read(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO a VALUES (1)",
        "\n update a SET b = 1",
        "CREATE TABLE selected (a)",
        "WITH a AS (SELECT 1) INSERT INTO b SELECT * FROM a",
        "WITH a AS (\nSELECT 1)\ndelete FROM b",
        "-- remark\nSELECT 1",
        "SELECTED",
    ],
)
def test_statement_that_may_change_something_is_none(statement) -> None:
    assert not is_read(statement)


def test_standing_tells_whether_a_transaction_wrote() -> None:
    engine = sa.create_engine("sqlite://")
    watch(engine)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        assert not standing_of(connection).has_written
        connection.execute(sa.text("CREATE TABLE a (b)"))
        assert standing_of(connection).has_written
        connection.commit()
        assert not standing_of(connection).has_written
        connection.execute(sa.text("INSERT INTO a VALUES (1)"))
        assert standing_of(connection).has_written
        connection.rollback()
        assert not standing_of(connection).has_written
