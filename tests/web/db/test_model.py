import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from penstock.web import db
from penstock.web.db.model import NAMES


class Base(db.Model):
    """Of its own, so that its tables are no others'."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=NAMES)


class Maker(Base):
    __tablename__ = "maker"
    id: Mapped[int] = mapped_column(primary_key=True)


class Moment(Base):
    __tablename__ = "moment"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime | None]
    name: Mapped[str] = mapped_column(unique=True, default="")
    maker: Mapped[int | None] = mapped_column(sa.ForeignKey("maker.id"))


@pytest.fixture
def moments(databases, url):
    databases(default={"URL": url})
    Base.metadata.create_all(db.engine())


def test_constraints_have_names() -> None:
    names = {constraint.name for constraint in Moment.__table__.constraints}
    assert names == {"pk_moment", "uq_moment_name", "fk_moment_maker_maker"}


def test_moment_comes_back_in_utc(moments) -> None:
    at = dt.datetime(2026, 7, 1, 12, 0, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    with db.transaction.atomic():
        db.session().add(Moment(at=at))
    with db.transaction.atomic():
        found = db.session().scalars(sa.select(Moment).where(Moment.at == at)).one()
        assert found.at == at
        assert found.at.tzinfo is dt.UTC


def test_moment_may_be_missing(moments) -> None:
    with db.transaction.atomic():
        db.session().add(Moment())
    assert db.session().scalars(sa.select(Moment.at)).all() == [None]


def test_datetime_without_a_time_zone_is_refused(moments) -> None:
    with (
        pytest.raises(sa.exc.StatementError, match="has no time zone; expected one"),
        db.transaction.atomic(),
    ):
        db.session().add(Moment(at=dt.datetime(2026, 7, 1)))  # noqa: DTZ001 - that is the fault
