"""What a project's models stand on.

In:     classes with `Mapped[...]` columns.
Out:    `Model`, whose metadata is what migrations look at; `UTCDateTime`.
Never:  makes up a table's name: `__tablename__` says it.
Rules:  SQLAlchemy's declarative mapping.  Constraints have names that follow from what they are about,
        because a migration can only change what has a name.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sqlalchemy import DateTime, MetaData
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy import Dialect

NAMES: Final = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[dt.datetime]):
    """A moment: given with any time zone, returned in UTC, on every database.

    A datetime without a time zone is refused with ValueError: it could be any of 38 moments.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: "Dialect") -> dt.datetime | None:
        """Return the moment in UTC; SQLite, which keeps no zone, gets none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"datetime {value!r} has no time zone; expected one, as of timezone.now()")
        moment = value.astimezone(dt.UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: dt.datetime | None, dialect: "Dialect") -> dt.datetime | None:
        """Return the moment in UTC."""
        del dialect  # SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Model(DeclarativeBase):
    """The base of a project's models; `Mapped[datetime]` is a UTCDateTime."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {dt.datetime: UTCDateTime}
