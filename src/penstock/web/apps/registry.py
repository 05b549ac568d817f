"""All installed packages, in the order of INSTALLED_APPS.

In:     the entries.
Out:    `apps`.
Never:  forgets or adds one after boot.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from typing import Final

from penstock.web.apps.config import AppConfig
from penstock.web.core.exceptions import AppRegistryNotReady, ImproperlyConfigured


class Apps:
    """The installed packages by label.

    Attributes:
        ready: whether every package's `ready()` has run.
    """

    def __init__(self, installed_apps: Iterable[str | AppConfig] | None = ()) -> None:
        self.app_configs: dict[str, AppConfig] = {}
        self.apps_ready = self.ready = False
        self._lock = threading.RLock()
        if installed_apps is not None:
            self.populate(installed_apps)

    def populate(self, installed_apps: Iterable[str | AppConfig] = ()) -> None:
        """Import every package and call its `ready()`; does nothing the second time.

        Raises:
            ImportError: a package, or something it imports, is not there.
            ImproperlyConfigured: two packages have one label or one name.
        """
        with self._lock:
            if self.apps_ready:
                return
            configs = [
                each if isinstance(each, AppConfig) else AppConfig.create(each) for each in installed_apps
            ]
            _check_distinct("label", (config.label for config in configs))
            _check_distinct("name", (config.name for config in configs))
            self.app_configs = {config.label: config for config in configs}
            self.apps_ready = True
            for config in configs:
                config.ready()
            self.ready = True

    def check_apps_ready(self) -> None:
        """Refuse to answer before boot.

        Raises:
            AppRegistryNotReady: `setup()` did not run.
        """
        if not self.apps_ready:
            raise AppRegistryNotReady(
                "apps are not loaded yet; expected penstock.web.setup() to be called first"
            )

    def get_app_configs(self) -> Iterable[AppConfig]:
        """All of them, in order."""
        self.check_apps_ready()
        return self.app_configs.values()

    def get_app_config(self, app_label: str) -> AppConfig:
        """One by its label.

        Raises:
            LookupError: no package has that label.
        """
        self.check_apps_ready()
        if app_label not in self.app_configs:
            raise LookupError(f"no installed app has the label {app_label!r}")
        return self.app_configs[app_label]

    def is_installed(self, app_name: str) -> bool:
        """Tell whether a package is installed, by its dotted name."""
        self.check_apps_ready()
        return any(config.name == app_name for config in self.app_configs.values())


def _check_distinct(what: str, values: Iterable[str]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ImproperlyConfigured(
            f"app {what} {twice[0]!r} stands twice in INSTALLED_APPS; expected it once"
        )


apps: Final = Apps(installed_apps=None)
