"""A database in a file of its own, and a model in it."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from penstock.web import db


class Counter(db.Model):
    __tablename__ = "test_counter"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


@pytest.fixture
def databases(override: Callable[..., None]) -> Iterator[Callable[..., None]]:
    """`databases(default={"URL": ...})` is DATABASES for the rest of the test."""

    def use(**written: dict[str, Any]) -> None:
        db.close_sessions()
        override(DATABASES=written)

    yield use
    db.close_sessions()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/test.sqlite3"


@pytest.fixture
def counter(databases: Callable[..., None], url: str) -> type[Counter]:
    """The model; its table is there and empty."""
    databases(default={"URL": url})
    db.Model.metadata.create_all(db.engine(), tables=[Counter.__table__])
    return Counter


@pytest.fixture
def count(url: str, counter: type[Counter]) -> Callable[[], int]:
    """Count the committed rows, on a connection of its own."""

    def committed() -> int:
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(counter.__table__))

    return committed


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, "penstock.web.db")
    return caplog
