"""Sessions in the cookie itself, signed: nothing is kept here, and nothing can be taken back.

In:     the cookie, which is the key and the values at once.
Out:    a cookie.
Never:  hides the values: who has the browser can read them.

Rules:  Django's wire format and salt; a cookie over 4096 bytes a browser drops.
"""

from typing import Any, Final

from penstock.web.contrib.sessions.backends.base import SessionBase
from penstock.web.core import signing

_SALT: Final = "django.contrib.sessions.backends.signed_cookies"


class SessionStore(SessionBase):
    """A session whose key is its signed contents."""

    def load(self) -> dict[str, Any]:
        """The values in the cookie; {} and no key if it was tampered with or is too old."""
        try:
            values: dict[str, Any] = signing.loads(
                self.session_key or "",
                serializer=self.serializer,
                max_age=self.get_session_cookie_age(),
                salt=_SALT,
            )
        except Exception:  # noqa: BLE001 - whatever a client made of it, it has no session
            self.create()
            return {}
        return values

    def create(self) -> None:
        """Make the cookie one to be sent anew."""
        self.modified = True

    def save(self, must_create: bool = False) -> None:  # noqa: ARG002 - there is nothing to be first at
        """Sign the values; the middleware sends them."""
        self._session_key = self._signed()
        self.modified = True

    def exists(self, session_key: str | None = None) -> bool:  # noqa: ARG002 - nothing is kept
        """False: nothing is kept."""
        return False

    def delete(self, session_key: str | None = None) -> None:  # noqa: ARG002 - nothing is kept
        """Empty it; the browser's copy goes with the next response."""
        self._session_key = ""
        self._values = {}
        self.modified = True

    def cycle_key(self) -> None:
        """Sign again: the key changes with the time."""
        self.save()

    @classmethod
    def clear_expired(cls) -> None:
        """There is nothing to remove."""

    def _signed(self) -> str:
        return signing.dumps(self._session, compress=True, salt=_SALT, serializer=self.serializer)
