"""The one `settings` object.

A request reads settings a hundred times, so a value that was read once is an ordinary attribute; any change
throws all of these away and counts `revision` up.  Whoever derives something from settings keeps the
revision it was made under and compares one number before use.

In:     reads; `configure()`, assignments, deletions, a replaced `_wrapped`, the signal setting_changed.
Out:    values, `revision`, `configured`.
Never:  hides a missing setting: the error names the nearest one.

Rules:  Django's.  The module is the one that PENSTOCK_SETTINGS_MODULE names; where that is not set,
        DJANGO_SETTINGS_MODULE, so that a project's wsgi.py needs no change.  Variables are read by `cli` and
        `config` elsewhere; Django fixes that a settings object finds its module by itself.
"""

import os
import threading
from typing import Any, Final

from penstock.web.conf import global_settings
from penstock.web.conf.layer import Settings, UserSettingsHolder, check_lists, upper_case_names
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.utils.functional import empty

ENVIRONMENT_VARIABLE: Final = "PENSTOCK_SETTINGS_MODULE"
DJANGO_ENVIRONMENT_VARIABLE: Final = "DJANGO_SETTINGS_MODULE"

_loading: Final = threading.RLock()


class LazySettings:
    """Settings that load at the first read.

    Attributes:
        revision: counts changes; equal revisions mean equal settings.
    """

    revision: int
    _wrapped: Any

    def __init__(self) -> None:
        self.__dict__.update(_wrapped=empty, revision=0)

    @property
    def configured(self) -> bool:
        """Whether the settings are there already, by `configure()` or by a first read."""
        return self._wrapped is not empty

    def configure(self, default_settings: Any = global_settings, **options: Any) -> None:
        """Set everything here and now, instead of in a module.

        Raises:
            RuntimeError: the settings are there already.
            TypeError: an option's name is not upper-case.
            ImproperlyConfigured: a setting that must be a list is something else.
        """
        if self.configured:
            raise RuntimeError(
                "settings are there already; expected configure() before the first read, and once"
            )
        lower = [name for name in options if not name.isupper()]
        if lower:
            raise TypeError(f"settings are upper-case names; {lower[0]!r} is not")
        check_lists(options)
        layer = UserSettingsHolder(default_settings)
        for name, value in options.items():
            setattr(layer, name, value)
        self._wrapped = layer

    def is_overridden(self, setting: str) -> bool:
        """Tell whether the project sets it, rather than the defaults."""
        return bool(self._layer().is_overridden(setting))

    def forget(self) -> None:
        """Throw away what was read; the next reads see every change."""
        self._replace(self._wrapped)

    def __getattr__(self, name: str) -> Any:
        """Read a setting for the first time; later reads do not come here.

        Raises:
            AttributeError: no such setting; the message names the nearest.
            ImproperlyConfigured: no settings module is named, or SECRET_KEY is empty.
        """
        if name.startswith("__"):
            raise AttributeError(name)
        layer = self._layer(name)
        known = self.__dict__  # a change meanwhile puts a new dict there; then this value is not kept
        try:
            value = getattr(layer, name)
        except AttributeError:
            raise AttributeError(_missing(name, layer)) from None
        if name.isupper():
            known[name] = value = _as_read(name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_wrapped":
            self._replace(value)
        else:
            setattr(self._layer(name), name, value)
            self.forget()

    def __delattr__(self, name: str) -> None:
        if name == "_wrapped":
            raise TypeError("settings cannot lose their layer; assign another to _wrapped")
        delattr(self._layer(name), name)
        self.forget()

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._layer())})

    def __repr__(self) -> str:
        if not self.configured:
            return "<LazySettings [Unevaluated]>"
        return f'<LazySettings "{getattr(self._wrapped, "SETTINGS_MODULE", None)}">'

    def _replace(self, layer: Any) -> None:
        # One assignment: a reader in another thread sees the old values or none, never a mixture.
        object.__setattr__(self, "__dict__", {"_wrapped": layer, "revision": self.revision + 1})

    def _layer(self, wanted: str | None = None) -> Any:
        if self._wrapped is empty:
            with _loading:
                if self._wrapped is empty:
                    self._replace(_load(wanted))
        return self._wrapped


def _load(wanted: str | None) -> Settings:
    variables = (ENVIRONMENT_VARIABLE, DJANGO_ENVIRONMENT_VARIABLE)
    module = next((os.environ[each] for each in variables if os.environ.get(each)), None)
    if module is None:
        subject = f"setting {wanted}" if wanted else "settings"
        raise ImproperlyConfigured(
            f"{subject} asked for before there are any; expected {ENVIRONMENT_VARIABLE} to name a module "
            f"(or settings.configure() to be called)"
        )
    return Settings(module)


def _as_read(name: str, value: Any) -> Any:
    if name == "SECRET_KEY" and not value:
        raise ImproperlyConfigured("setting SECRET_KEY is empty; expected a secret of your own")
    if name in ("MEDIA_URL", "STATIC_URL") and value is not None:
        return _with_script_prefix(value)
    return value


def _with_script_prefix(url: Any) -> Any:
    """Put the script name before a relative address; "/x" and "https://x" are left alone."""
    if str(url).startswith(("http://", "https://", "/")):
        return url
    from penstock.web.urls import get_script_prefix

    return f"{get_script_prefix()}{url}"


def _missing(name: str, layer: Any) -> str:
    nearest = nearest_setting(name, upper_case_names(dir(layer)))
    return f"setting {name} is not set {place_of(layer)}" + (
        f"; the nearest name is {nearest}" if nearest else ""
    )


def place_of(layer: Any) -> str:
    """Return where a layer's settings are set, for the end of a sentence."""
    module = getattr(layer, "SETTINGS_MODULE", None)
    return f"in {module}" if module else "by settings.configure()"


def nearest_setting(name: str, known: list[str], similarity: float = 0.7) -> str | None:
    """The known name that a misspelt one most likely means, or None."""
    from difflib import get_close_matches  # for mistakes alone

    found = get_close_matches(name, known, n=1, cutoff=similarity)
    return found[0] if found else None


settings: Final = LazySettings()
