"""What DATABASES says of one database, read and checked.

In:     `DATABASES = {"default": {"URL": "postgresql://...", ...}}`; instead of URL Django's ENGINE, NAME,
        USER, PASSWORD, HOST and PORT.
Out:    a `Database`.
Never:  opens a connection, shows a password.
Rules:  Django's names where Django has the key; a key that nobody knows is refused, with the nearest one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from penstock.web.conf import settings
from penstock.web.conf.holder import nearest_setting
from penstock.web.core.exceptions import ImproperlyConfigured

# A thread that waits for a connection longer than this keeps a client waiting who will not be served.
POOL_TIMEOUT_S: Final = 5.0

_PARTS: Final = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")
_OWN: Final = (
    "URL",
    "ATOMIC_REQUESTS",
    "CONN_MAX_AGE",
    "CONN_HEALTH_CHECKS",
    "MAX_CONNECTIONS",
    "POOL_TIMEOUT",
    "OPTIONS",
    "TEST",
)
# By the last part of Django's ENGINE.
_DRIVERS: Final = {"sqlite3": "sqlite", "postgresql": "postgresql+psycopg"}
_BARE: Final = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database.

    Attributes:
        alias: its key in DATABASES.
        url: where it is, and the driver.
        max_age_s: how long a connection is used; None: as long as it lives, 0: for one transaction.
        has_health_checks: a connection that waited in the pool is looked at before it is used again.
        max_connections: for all workers together; None: as many as their threads can use.
        pool_timeout_s: how long a thread waits for a connection.
        options: arguments of the driver's connect().
    """

    alias: str
    url: URL
    max_age_s: float | None = None
    has_health_checks: bool = True
    max_connections: int | None = None
    pool_timeout_s: float = POOL_TIMEOUT_S
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def backend(self) -> str:
        """The kind of database: "sqlite", "postgresql"."""
        return self.url.get_backend_name()

    @property
    def is_in_memory(self) -> bool:
        """Whether it is SQLite's in memory, which each connection has for itself."""
        return self.backend == "sqlite" and self.url.database in {None, "", ":memory:"}


def read_database(alias: str) -> Database:
    """Return what DATABASES says of `alias`.

    Raises:
        ImproperlyConfigured: there is no such alias, or something about it is wrong.
    """
    try:
        written = settings.DATABASES[alias]
    except KeyError:
        raise ImproperlyConfigured(
            f"DATABASES has no {alias!r}; expected one of {list(settings.DATABASES)!r}"
        ) from None
    subject = f"DATABASES[{alias!r}]"
    if not isinstance(written, Mapping):
        raise ImproperlyConfigured(f"{subject} is {written!r}; expected a dict")
    _check_keys(subject, written)
    return Database(
        alias=alias,
        url=_url(subject, written),
        max_age_s=_number(subject, written, "CONN_MAX_AGE", None),
        has_health_checks=bool(written.get("CONN_HEALTH_CHECKS", True)),
        max_connections=_max_connections(subject, written),
        pool_timeout_s=_number(subject, written, "POOL_TIMEOUT", POOL_TIMEOUT_S) or POOL_TIMEOUT_S,
        options=dict(written.get("OPTIONS", {})),
    )


def _check_keys(subject: str, written: Mapping[str, Any]) -> None:
    for key in written:
        if key not in _OWN and key not in _PARTS:
            nearest = nearest_setting(str(key), [*_OWN, *_PARTS])
            hint = f"{nearest!r}" if nearest else f"one of {[*_OWN, *_PARTS]!r}"
            raise ImproperlyConfigured(f"{subject} has {key!r}; expected {hint}")


def _url(subject: str, written: Mapping[str, Any]) -> URL:
    if ("URL" in written) == ("ENGINE" in written):
        raise ImproperlyConfigured(
            f"{subject} has {'both' if 'URL' in written else 'neither'} URL and ENGINE; expected one of them"
        )
    if "ENGINE" in written:
        return _url_of_parts(subject, written)
    try:
        url = make_url(written["URL"])
    except ArgumentError:  # its text may hold the password
        raise ImproperlyConfigured(
            f"{subject} has a URL that cannot be read; expected sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    return url.set(drivername=_BARE.get(url.drivername, url.drivername))


def _url_of_parts(subject: str, written: Mapping[str, Any]) -> URL:
    """Read what Django calls ENGINE, NAME and so on."""
    engine = str(written["ENGINE"]).rpartition(".")[2]
    if engine not in _DRIVERS:
        raise ImproperlyConfigured(
            f"{subject} has the ENGINE {written['ENGINE']!r}; expected one that ends in sqlite3 or "
            "postgresql, or a URL in its place"
        )
    name = str(written.get("NAME") or "")
    if not name:
        raise ImproperlyConfigured(f"{subject} has no NAME; expected a file or a database")
    if engine == "sqlite3":
        return URL.create("sqlite", database=name)
    port = str(written.get("PORT") or "")
    return URL.create(
        _DRIVERS[engine],
        username=written.get("USER") or None,
        password=written.get("PASSWORD") or None,
        host=written.get("HOST") or None,
        port=int(port) if port.isdecimal() else None,
        database=name,
    )


def _number(subject: str, written: Mapping[str, Any], key: str, default: float | None) -> float | None:
    value: float | None = written.get(key, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    if value is not None and not is_number:
        raise ImproperlyConfigured(f"{subject} has {key} = {value!r}; expected seconds, 0 or more, or None")
    return value


def _max_connections(subject: str, written: Mapping[str, Any]) -> int | None:
    value = written.get("MAX_CONNECTIONS")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ImproperlyConfigured(f"{subject} has MAX_CONNECTIONS = {value!r}; expected 1 or more, or None")
    return value
