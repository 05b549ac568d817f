"""A session: a dict that is loaded at its first use and remembers whether it was used and changed.

In:     a session key from a cookie, or None.
Out:    the values; a key to put into a cookie.
Never:  saves itself: the middleware does, or `save()`.

Rules:  Django's names, and its wire format: values are signed JSON under a salt of Django's own, so that the
        same SECRET_KEY reads the sessions that Django wrote.  The coroutines do what the methods without "a"
        do, in a thread.
"""

import contextlib
import datetime as dt
import logging
import string
from collections.abc import ItemsView, Iterable, KeysView, ValuesView
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.contrib.sessions.exceptions import SuspiciousSession
from penstock.web.core import signing
from penstock.web.core.exceptions import SuspiciousOperation
from penstock.web.utils import timezone
from penstock.web.utils.crossing import make_async_twin, run_in_thread
from penstock.web.utils.crypto import get_random_string
from penstock.web.utils.module_loading import import_string

VALID_KEY_CHARS: Final = string.ascii_lowercase + string.digits
KEY_LENGTH: Final = 32  # characters of 36: 165 bits
MIN_KEY_LENGTH: Final = 8  # what a cookie must have to be taken for a key; Django's

EXPIRY_KEY: Final = "_session_expiry"  # where a session keeps its own end; Django's
_REQUIRED: Final[Any] = object()


class CreateError(Exception):
    """There is a session of that key already."""


class UpdateError(Exception):
    """The session to be saved was deleted meanwhile."""


class SessionBase:
    """The mapping; a backend says how to keep it.

    Attributes:
        accessed: whether anybody looked at it: then the response depends on the cookie.
        modified: whether it is to be saved; set it where a value was changed in place.
    """

    TEST_COOKIE_NAME = "testcookie"
    TEST_COOKIE_VALUE = "worked"

    def __init__(self, session_key: str | None = None) -> None:
        self._session_key = session_key
        self.accessed = self.modified = False
        self.serializer = import_string(settings.SESSION_SERIALIZER)

    # -- the mapping -------------------------------------------------------------------------------

    def __contains__(self, key: object) -> bool:
        return key in self._session

    def __getitem__(self, key: str) -> Any:
        return self._session[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._session[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        del self._session[key]
        self.modified = True

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return self._session.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Set a value; for code that has `aset` beside it."""
        self[key] = value

    def pop(self, key: str, default: Any = _REQUIRED) -> Any:
        """Remove a key and return its value, or the default.

        Raises:
            KeyError: the key is not there and no default is given.
        """
        self.modified = self.modified or key in self._session
        return self._session.pop(key) if default is _REQUIRED else self._session.pop(key, default)

    def setdefault(self, key: str, value: Any) -> Any:
        """The value of a key; where there is none, `value` is put there first."""
        if key not in self._session:
            self[key] = value
        return self._session[key]

    def update(self, dict_: dict[str, Any]) -> None:
        """Set several values."""
        self._session.update(dict_)
        self.modified = True

    def has_key(self, key: str) -> bool:
        """Tell whether there is a value of that key."""
        return key in self._session

    def keys(self) -> KeysView[str]:
        """The keys."""
        return self._session.keys()

    def values(self) -> ValuesView[Any]:
        """The values."""
        return self._session.values()

    def items(self) -> ItemsView[str, Any]:
        """Pairs of key and value."""
        return self._session.items()

    def clear(self) -> None:
        """Remove all values, without loading them first."""
        self._values: dict[str, Any] | None = {}
        self.accessed = self.modified = True

    def is_empty(self) -> bool:
        """Tell whether there is neither a key nor a value."""
        return not self._session_key and not getattr(self, "_values", None)

    def set_test_cookie(self) -> None:
        """Put a value there, to see at the next request whether the browser takes cookies."""
        self[self.TEST_COOKIE_NAME] = self.TEST_COOKIE_VALUE

    def test_cookie_worked(self) -> bool:
        """Tell whether the browser sent it back."""
        return bool(self.get(self.TEST_COOKIE_NAME) == self.TEST_COOKIE_VALUE)

    def delete_test_cookie(self) -> None:
        """Remove it again."""
        del self[self.TEST_COOKIE_NAME]

    # -- its key and its contents ------------------------------------------------------------------

    @property
    def session_key(self) -> str | None:
        """The key in the cookie; None before there is one."""
        return self._session_key

    @property
    def _session_key(self) -> str | None:
        return self._key

    @_session_key.setter
    def _session_key(self, value: Any) -> None:
        self._key: str | None = value if value and _may_be_key(value) else None

    @property
    def _session(self) -> dict[str, Any]:
        return self._get_session()

    def _get_session(self, no_load: bool = False) -> dict[str, Any]:
        """The values; with `no_load` an empty dict where they are not loaded yet."""
        self.accessed = True
        values = getattr(self, "_values", None)
        if values is None:
            values = {} if no_load or self.session_key is None else self.load()
            self._values = values
        return values

    @property
    def key_salt(self) -> str:
        """What keeps these signatures apart from others; Django's for a class of the same name."""
        return f"django.contrib.sessions.{type(self).__qualname__}"

    def encode(self, session_dict: dict[str, Any]) -> str:
        """The values as signed and compressed text."""
        return signing.dumps(session_dict, salt=self.key_salt, serializer=self.serializer, compress=True)

    def decode(self, session_data: str) -> dict[str, Any]:
        """The values of `encode`; {} for what is not ours, which is logged if it was tampered with."""
        try:
            values: dict[str, Any] = signing.loads(
                session_data, salt=self.key_salt, serializer=self.serializer
            )
        except signing.BadSignature:
            log_suspicion(
                SuspiciousSession("session data do not bear our signature; starting an empty session")
            )
            return {}
        except Exception:  # noqa: BLE001 - an old format, a damaged file: there is no session then
            return {}
        return values

    def _get_new_session_key(self) -> str:
        """A key that no session has."""
        while True:
            key = get_random_string(KEY_LENGTH, VALID_KEY_CHARS)
            if not self.exists(key):
                return key

    def _create_under_free_key(self, tries: Iterable[object]) -> bool:
        """Save an empty session under a key that is still free when it is saved; False if tries run out."""
        for _ in tries:
            self._session_key = self._get_new_session_key()
            with contextlib.suppress(CreateError):
                self.save(must_create=True)
                self.modified = True
                return True
        return False

    def _get_or_create_session_key(self) -> str:
        if self._session_key is None:
            self._session_key = self._get_new_session_key()
        return self._session_key or ""

    # -- when it ends ------------------------------------------------------------------------------

    def get_session_cookie_age(self) -> int:
        """SESSION_COOKIE_AGE, in seconds."""
        return int(settings.SESSION_COOKIE_AGE)

    def get_expiry_age(self, *, modification: dt.datetime | None = None, expiry: Any = _REQUIRED) -> int:
        """The seconds until it ends, counted from `modification` (now by default).

        `expiry` is seconds, a moment or None; without it the session's own is taken.
        """
        modification = timezone.now() if modification is None else modification
        expiry = self._own_expiry(expiry)
        if not expiry:  # 0 is: with the browser; it is kept for as long as one without a wish
            return self.get_session_cookie_age()
        if not isinstance(expiry, dt.datetime):
            return int(expiry)
        left = expiry - modification
        return left.days * 86400 + left.seconds

    def get_expiry_date(
        self, *, modification: dt.datetime | None = None, expiry: Any = _REQUIRED
    ) -> dt.datetime:
        """When it ends; see `get_expiry_age`."""
        modification = timezone.now() if modification is None else modification
        expiry = self._own_expiry(expiry)
        if isinstance(expiry, dt.datetime):
            return expiry
        return modification + dt.timedelta(seconds=expiry or self.get_session_cookie_age())

    def _own_expiry(self, given: Any) -> Any:
        expiry = self.get(EXPIRY_KEY) if given is _REQUIRED else given
        return dt.datetime.fromisoformat(expiry) if isinstance(expiry, str) else expiry

    def set_expiry(self, value: Any) -> None:
        """Say when it ends.

        Args:
            value: seconds of inactivity; 0 for when the browser closes; a datetime or timedelta; None for
                what the settings say.
        """
        if value is None:
            self._session.pop(EXPIRY_KEY, None)
            self.modified = True
            return
        if isinstance(value, dt.timedelta):
            value = timezone.now() + value
        self[EXPIRY_KEY] = value.isoformat() if isinstance(value, dt.datetime) else value

    def get_expire_at_browser_close(self) -> bool:
        """Tell whether the cookie goes when the browser closes."""
        expiry = self.get(EXPIRY_KEY)
        return bool(settings.SESSION_EXPIRE_AT_BROWSER_CLOSE if expiry is None else expiry == 0)

    # -- keeping it --------------------------------------------------------------------------------

    def flush(self) -> None:
        """Delete it, values and key: at logging out."""
        self.clear()
        self.delete()
        self._session_key = None

    def cycle_key(self) -> None:
        """Keep the values under another key: at logging in, so that a planted key is worth nothing."""
        values, old_key = self._session, self.session_key
        self.create()
        self._values = values
        if old_key:
            self.delete(old_key)

    def exists(self, session_key: str) -> bool:
        """Tell whether there is a session of that key."""
        raise NotImplementedError(f"{type(self).__module__} has no exists()")

    def create(self) -> None:
        """Make a new, empty session, and save it."""
        raise NotImplementedError(f"{type(self).__module__} has no create()")

    def save(self, must_create: bool = False) -> None:
        """Keep the values.

        Raises:
            CreateError: `must_create`, and there is one already.
            UpdateError: it was deleted meanwhile.
        """
        raise NotImplementedError(f"{type(self).__module__} has no save()")

    def delete(self, session_key: str | None = None) -> None:
        """Forget a session, this one by default."""
        raise NotImplementedError(f"{type(self).__module__} has no delete()")

    def load(self) -> dict[str, Any]:
        """The values that are kept."""
        raise NotImplementedError(f"{type(self).__module__} has no load()")

    @classmethod
    def clear_expired(cls) -> None:
        """Remove sessions whose time is over, where that does not happen by itself."""
        raise NotImplementedError(f"{cls.__module__} has no clear_expired()")

    @classmethod
    async def aclear_expired(cls) -> None:
        """Do as `clear_expired` does, in a thread."""
        await run_in_thread(cls.clear_expired)()

    aget = make_async_twin("get")
    aset = make_async_twin("set")
    apop = make_async_twin("pop")
    asetdefault = make_async_twin("setdefault")
    aupdate = make_async_twin("update")
    ahas_key = make_async_twin("has_key")
    akeys = make_async_twin("keys")
    avalues = make_async_twin("values")
    aitems = make_async_twin("items")
    aset_test_cookie = make_async_twin("set_test_cookie")
    atest_cookie_worked = make_async_twin("test_cookie_worked")
    adelete_test_cookie = make_async_twin("delete_test_cookie")
    aget_expiry_age = make_async_twin("get_expiry_age")
    aget_expiry_date = make_async_twin("get_expiry_date")
    aset_expiry = make_async_twin("set_expiry")
    aget_expire_at_browser_close = make_async_twin("get_expire_at_browser_close")
    aflush = make_async_twin("flush")
    acycle_key = make_async_twin("cycle_key")
    aexists = make_async_twin("exists")
    acreate = make_async_twin("create")
    asave = make_async_twin("save")
    adelete = make_async_twin("delete")
    aload = make_async_twin("load")


def _may_be_key(text: str) -> bool:
    """Tell what could be a key of ours from what counts as none.

    Too short a text cannot have been guessed for one either; with a control character (a quoted cookie may
    have NUL) it would be a fault of the database or cache that is asked for it.
    """
    return len(text) >= MIN_KEY_LENGTH and text.isascii() and text.isprintable()


def log_suspicion(error: SuspiciousOperation) -> None:
    """Write what a backend found suspicious and went on from, where such things are written."""
    logging.getLogger(f"penstock.web.security.{type(error).__name__}").warning(str(error))
