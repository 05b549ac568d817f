"""Storages by alias.

In:     STORAGES: {alias: {"BACKEND": dotted path, "OPTIONS": {...}}}.
Out:    one storage for each alias.
Never:  makes one before it is asked for.
"""

from typing import Any

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.utils.module_loading import import_string


class InvalidStorageError(ImproperlyConfigured):
    """No such alias, or its class cannot be imported."""


class StorageHandler:
    """Makes storages, once each.

    Args:
        backends: in STORAGES' place.
    """

    def __init__(self, backends: dict[str, Any] | None = None) -> None:
        self._backends = backends
        self._storages: dict[str, Any] = {}

    @property
    def backends(self) -> dict[str, Any]:
        """The configuration."""
        if self._backends is None:
            self._backends = dict(settings.STORAGES)
        return self._backends

    def forget(self) -> None:
        """Read STORAGES anew."""
        self._backends = None
        self._storages = {}

    def __getitem__(self, alias: str) -> Any:
        """Return the storage of an alias.

        Raises:
            InvalidStorageError: see there.
        """
        if alias not in self._storages:
            parameters = self.backends.get(alias)
            if parameters is None:
                raise InvalidStorageError(f"Could not find config for '{alias}' in settings.STORAGES.")
            self._storages[alias] = self.create_storage(parameters)
        return self._storages[alias]

    def create_storage(self, params: dict[str, Any]) -> Any:
        """Return a storage made from its configuration; raises InvalidStorageError."""
        try:
            storage_class = import_string(params["BACKEND"])
        except ImportError as error:
            raise InvalidStorageError(f"Could not find backend {params['BACKEND']!r}: {error}") from error
        return storage_class(**params.get("OPTIONS", {}))
