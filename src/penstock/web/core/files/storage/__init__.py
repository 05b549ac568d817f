"""Where files are kept.

In:     STORAGES.
Out:    `storages`, by alias; `default_storage`, the first of them; the base class and two storages.
Never:  makes a storage before it is asked for.
"""

from typing import Any, Final

from penstock.web.conf import DEFAULT_STORAGE_ALIAS, settings
from penstock.web.core.files.storage.base import Storage
from penstock.web.core.files.storage.filesystem import FileSystemStorage
from penstock.web.core.files.storage.handler import InvalidStorageError, StorageHandler
from penstock.web.core.files.storage.memory import InMemoryStorage
from penstock.web.core.signals import setting_changed
from penstock.web.utils.functional import LazyObject

__all__ = [
    "DefaultStorage",
    "FileSystemStorage",
    "InMemoryStorage",
    "InvalidStorageError",
    "Storage",
    "StorageHandler",
    "default_storage",
    "storages",
]

storages: Final = StorageHandler()


class DefaultStorage(LazyObject):
    """The storage of the alias "default", made when it is first used."""

    def _setup(self) -> None:
        self._wrapped = storages[DEFAULT_STORAGE_ALIAS]


default_storage: Any = DefaultStorage()


def _forget(*, setting: str, **_named: object) -> None:
    """Make storages anew when what they were made from changes."""
    if setting in {"STORAGES", "MEDIA_ROOT", "MEDIA_URL"} and settings.configured:
        storages.forget()
        default_storage._wrapped = storages[DEFAULT_STORAGE_ALIAS]


setting_changed.connect(_forget)
