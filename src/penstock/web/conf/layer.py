"""Where the values of settings stand: a module over the defaults, or a layer over another.

In:     a settings module's dotted name, or values one by one.
Out:    `Settings` and `UserSettingsHolder`, objects with upper-case attributes.
Never:  caches, and never looks at the environment (holder.py does both).

Rules:  Django's: only upper-case names are settings; some must be lists; TIME_ZONE becomes the process's own.
"""

import importlib
import os
import time
import zoneinfo
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Final

from penstock.web.conf import global_settings
from penstock.web.core.exceptions import ImproperlyConfigured

LISTS: Final = ("ALLOWED_HOSTS", "INSTALLED_APPS", "TEMPLATE_DIRS", "LOCALE_PATHS", "SECRET_KEY_FALLBACKS")


def upper_case_names(names: Iterable[str]) -> list[str]:
    """The names that are settings."""
    return [name for name in names if name.isupper()]


class Settings:
    """The settings of one module over the defaults.

    Raises:
        ImportError: the module, or something that it imports, is not there.
        ImproperlyConfigured: a setting that must be a list is something else.
        ValueError: TIME_ZONE names no zone.
    """

    def __init__(self, settings_module: str) -> None:
        module = importlib.import_module(settings_module)
        self.__dict__.update(_constants(global_settings))
        self.SETTINGS_MODULE = settings_module
        own = _constants(module)
        check_lists(own)
        self.__dict__.update(own)
        self._explicit = frozenset(own)
        if self.TIME_ZONE:
            _enter_time_zone(self.TIME_ZONE)

    def is_overridden(self, setting: str) -> bool:
        """Tell whether the module sets it."""
        return setting in self._explicit

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)  # for type checkers: what is set is in __dict__

    def __repr__(self) -> str:
        return f'<{type(self).__name__} "{self.SETTINGS_MODULE}">'


class UserSettingsHolder:
    """Values over another layer: those of `settings.configure()`, of assignments, and of tests."""

    SETTINGS_MODULE: ClassVar[str | None] = None

    default_settings: Any
    _deleted: set[str]

    def __init__(self, default_settings: Any) -> None:
        self.__dict__["_deleted"] = set()
        self.default_settings = default_settings

    def is_overridden(self, setting: str) -> bool:
        """Tell whether this layer or one below sets or removes it."""
        if setting in self._deleted or setting in self.__dict__:
            return True
        below = getattr(self.default_settings, "is_overridden", None)
        return below is not None and below(setting)

    def __getattr__(self, name: str) -> Any:
        if not name.isupper() or name in self._deleted:
            raise AttributeError(name)
        return getattr(self.default_settings, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._deleted.discard(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name not in self.__dict__ and not hasattr(self.default_settings, name):
            raise AttributeError(name)
        self._deleted.add(name)
        self.__dict__.pop(name, None)

    def __dir__(self) -> list[str]:
        below = set(dir(self.default_settings)) - self._deleted
        return sorted(below | set(self.__dict__))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def check_lists(values: dict[str, Any]) -> None:
    """Refuse a string where a list belongs: "example.org" would be eleven hosts.

    Raises:
        ImproperlyConfigured: one of LISTS is neither list nor tuple.
    """
    for name in LISTS:
        if not isinstance(values.get(name, ()), list | tuple):
            raise ImproperlyConfigured(f"setting {name} is {values[name]!r}; expected a list or a tuple")


def _constants(module: ModuleType) -> dict[str, Any]:
    return {name: getattr(module, name) for name in upper_case_names(dir(module))}


def _enter_time_zone(name: str) -> None:
    """Make the zone the process's local time, as far as the platform can."""
    database = [Path(folder) for folder in zoneinfo.TZPATH if Path(folder).is_dir()]
    if database and not any((folder / name).exists() for folder in database):
        raise ValueError(f"setting TIME_ZONE is {name!r}; expected a name of the time zone database")
    os.environ["TZ"] = name
    if hasattr(time, "tzset"):
        time.tzset()
