"""What one installed package says about itself.

In:     an entry of INSTALLED_APPS: a package, or a class in one.
Out:    an `AppConfig`.
Never:  runs anything but `ready()`, and that only when told.

Rules:  Django's: a package's `apps` module may have one AppConfig, or several with one `default = True`.
"""

import importlib
import inspect
from types import ModuleType
from typing import Any, Final

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.utils.module_loading import import_string, module_dir, module_has_submodule

_MODULE: Final = "apps"


class AppConfig:
    """One installed package.

    Attributes:
        name: dotted, as it is imported.
        label: short, unlike all others; the last part of the name unless a subclass says otherwise.
        path: its folder.
    """

    name: str
    label: str
    verbose_name: str
    path: str
    default: bool

    def __init__(self, app_name: str, app_module: ModuleType) -> None:
        self.name = app_name
        self.module = app_module
        self.label = getattr(type(self), "label", app_name.rpartition(".")[2])
        if not self.label.isidentifier():
            raise ImproperlyConfigured(f"app label {self.label!r} of {app_name}; expected an identifier")
        self.verbose_name = getattr(type(self), "verbose_name", self.label.title())
        self.path = getattr(type(self), "path", None) or module_dir(app_module)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.label}>"

    def ready(self) -> None:
        """Do what must be done once, when all packages are there; a subclass says what."""

    @classmethod
    def create(cls, entry: str) -> "AppConfig":
        """Make what an entry of INSTALLED_APPS stands for.

        Raises:
            ImportError: there is no such package or class.
            ImproperlyConfigured: the class is no AppConfig, or has no name.
        """
        config_class = _class_of(entry)
        name = getattr(config_class, "name", None) or (entry if config_class is AppConfig else None)
        if name is None:
            raise ImproperlyConfigured(f"{config_class.__qualname__} has no name; expected a package's")
        return config_class(name, importlib.import_module(name))


def _class_of(entry: str) -> type[AppConfig]:
    try:
        module = importlib.import_module(entry)
    except ModuleNotFoundError as error:
        if error.name != entry and not entry.startswith(f"{error.name}."):
            raise  # it is there, and something that it imports is not
        return _checked(import_string(entry), entry)
    if not module_has_submodule(module, _MODULE):
        return AppConfig
    return _default_of(importlib.import_module(f"{entry}.{_MODULE}"))


def _checked(found: Any, entry: str) -> type[AppConfig]:
    if not (inspect.isclass(found) and issubclass(found, AppConfig)):
        raise ImproperlyConfigured(f"INSTALLED_APPS has {entry!r}; expected a package or an AppConfig")
    return found


def _default_of(module: ModuleType) -> type[AppConfig]:
    """The AppConfig of an `apps` module: the only one, or the one that says it is the default."""
    candidates = [
        found
        for found in vars(module).values()
        if inspect.isclass(found) and issubclass(found, AppConfig) and found is not AppConfig
    ]
    willing = [found for found in candidates if getattr(found, "default", True)]
    chosen = [found for found in candidates if getattr(found, "default", False)]
    if len(chosen) > 1:
        raise ImproperlyConfigured(f"{module.__name__} has several default AppConfigs: {chosen!r}")
    if chosen:
        return chosen[0]
    return willing[0] if len(willing) == 1 else AppConfig
