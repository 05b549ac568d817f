"""A cache that keeps nothing: for development.

In:     keys, which are looked at, and values, which are not.
Out:    defaults.
Never:  keeps anything.
"""

from typing import Any

from penstock.web.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache


class DummyCache(BaseCache):
    """Keeps nothing; warns of bad keys as the others do."""

    def __init__(self, host: str, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - every backend has a location
        super().__init__(*args, **kwargs)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:  # noqa: ARG002 - the API's
        """Say that it was kept."""
        self.make_and_validate_key(key, version=version)
        return True

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        """The default."""
        self.make_and_validate_key(key, version=version)
        return default

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:  # noqa: ARG002 - the API's
        """Look at the key alone."""
        self.make_and_validate_key(key, version=version)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:  # noqa: ARG002 - the API's
        """False: there is nothing."""
        self.make_and_validate_key(key, version=version)
        return False

    def delete(self, key: str, version: Any = None) -> bool:
        """False: there was nothing."""
        self.make_and_validate_key(key, version=version)
        return False

    def clear(self) -> None:
        """There is nothing."""
