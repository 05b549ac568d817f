"""Sessions in a table of the database: kept when everything is restarted, and shared by all machines.

In:     a key.
Out:    a row of `django_session` in the database "default".
Never:  commits what a view left uncommitted: saving then fails and says so.

Rules:  Django's table and signatures.  `penstock.web.contrib.sessions` in INSTALLED_APPS, and `penstock
        migrate`, make the table.
"""

import datetime as dt
import itertools
from typing import Any, Final

import sqlalchemy as sa

from penstock.web import db
from penstock.web.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from penstock.web.contrib.sessions.models import Session
from penstock.web.db import transaction
from penstock.web.utils import timezone

# Nobody holds a Session as an object: none needs to hear of the change.
_AS_ROWS: Final = {"synchronize_session": False}


class SessionStore(SessionBase):
    """A session in a row."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The model of the table."""
        return Session

    def load(self) -> dict[str, Any]:
        """The values in the row; {} and no key if there is none, or its time is over."""
        wanted = sa.select(Session.session_data).where(
            Session.session_key == self.session_key, Session.expire_date > _now()
        )
        with db.session().no_autoflush:
            found = db.session().scalar(wanted)
        if found is None:
            self._session_key = None
            return {}
        return self.decode(found)

    def exists(self, session_key: str) -> bool:
        """Tell whether there is a row of that key."""
        wanted = sa.select(sa.literal(1)).where(Session.session_key == session_key)
        with db.session().no_autoflush:
            return db.session().scalar(wanted) is not None

    def create(self) -> None:
        """Make an empty session under a key that nobody has."""
        self._create_under_free_key(itertools.count())

    def save(self, must_create: bool = False) -> None:
        """Put the values into the row.

        Raises:
            CreateError: `must_create`, and there is such a session already.
            UpdateError: there is no row to replace.
            TransactionManagementError: the view has left changes uncommitted.
        """
        if self.session_key is None:
            self.create()
            return
        values = {
            "session_data": self.encode(self._get_session(no_load=must_create)),
            "expire_date": self.get_expiry_date(modification=_now()),
        }
        if must_create:
            self._insert(values)
        else:
            self._update(values)

    def _insert(self, values: dict[str, Any]) -> None:
        try:
            with transaction.atomic():
                db.session().execute(sa.insert(Session).values(session_key=self.session_key, **values))
        except db.IntegrityError as error:
            raise CreateError("the session is in the database; expected a key that is free") from error

    def _update(self, values: dict[str, Any]) -> None:
        change = sa.update(Session).where(Session.session_key == self.session_key).values(**values)
        with transaction.atomic():
            changed: Any = db.session().execute(change, execution_options=_AS_ROWS)
        if not changed.rowcount:
            raise UpdateError("the session is not in the database; expected it since the session was read")

    def delete(self, session_key: str | None = None) -> None:
        """Forget a session, this one by default."""
        key = self.session_key if session_key is None else session_key
        if key is None:
            return
        with transaction.atomic():
            db.session().execute(
                sa.delete(Session).where(Session.session_key == key), execution_options=_AS_ROWS
            )

    @classmethod
    def clear_expired(cls) -> None:
        """Remove the rows whose time is over."""
        with transaction.atomic():
            db.session().execute(
                sa.delete(Session).where(Session.expire_date < _now()), execution_options=_AS_ROWS
            )


def _now() -> dt.datetime:
    """Return the moment, with a time zone even where USE_TZ is off."""
    now = timezone.now()
    return now if now.tzinfo is not None else now.astimezone(dt.UTC)
