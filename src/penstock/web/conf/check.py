"""What is wrong with the settings, found at boot and said in one error.

A misspelt name is the quietest of faults: `ALOWED_HOSTS = [...]` is a setting like any other, and the site
answers 400 to everybody.  So a name that nothing knows and that nearly is a name of ours is refused, unless
the project sets that one, too: then both are meant.

In:     the loaded settings.
Out:    nothing, or ImproperlyConfigured with a line for each fault.
Never:  refuses a name that is merely unknown: projects and packages have settings of their own.
"""

from collections.abc import Iterable
from typing import Any, Final

from penstock.web.conf import global_settings
from penstock.web.conf.holder import LazySettings, nearest_setting, place_of
from penstock.web.conf.layer import LISTS, Settings, upper_case_names
from penstock.web.core.exceptions import ImproperlyConfigured

# Of a project's settings module; a site in a single file sets what it uses.
REQUIRED: Final = ("SECRET_KEY", "ROOT_URLCONF")
MORE_LISTS: Final = ("MIDDLEWARE", "TEMPLATES", "CSRF_TRUSTED_ORIGINS", "ADMINS", "MANAGERS", "INTERNAL_IPS")
KNOWN: Final = (*upper_case_names(dir(global_settings)), "ROOT_URLCONF", "SITE_ID", "ASGI_APPLICATION")
SIMILARITY: Final = 0.9  # one letter wrong, missing or twice in a name of five or more


def check_settings(settings: LazySettings) -> None:
    """Look all settings over; loads them if need be.

    Raises:
        ImproperlyConfigured: something is missing, misspelt or of the wrong type.
    """
    faults = settings_faults(settings)
    if faults:
        raise ImproperlyConfigured("\n".join(faults))


def require_settings(settings: LazySettings, *names: str) -> None:
    """Look for settings that a site cannot do without, wherever its settings come from.

    Raises:
        ImproperlyConfigured: some are missing; one error names all of them.
    """
    faults = missing_settings(settings, names)
    if faults:
        raise ImproperlyConfigured("\n".join(faults))


def settings_faults(settings: LazySettings) -> list[str]:
    """A sentence for each fault."""
    own = [name for name in upper_case_names(dir(settings)) if settings.is_overridden(name)]
    faults = [*_misspelt(own), *_wrong_types(settings)]
    if isinstance(settings._wrapped, Settings):
        faults += missing_settings(settings, REQUIRED)
    return faults


def _misspelt(own: list[str]) -> list[str]:
    nearest = {name: nearest_setting(name, list(KNOWN), SIMILARITY) for name in own if name not in KNOWN}
    return [
        f"setting {name} is unknown; expected {known} (or both, if both are meant)"
        for name, known in nearest.items()
        if known and known not in own
    ]


def _wrong_types(settings: LazySettings) -> list[str]:
    values: dict[str, Any] = {name: getattr(settings, name, ()) for name in (*LISTS, *MORE_LISTS)}
    return [
        f"setting {name} is {value!r}; expected a list or a tuple"
        for name, value in values.items()
        if not isinstance(value, list | tuple)
    ]


def missing_settings(settings: LazySettings, names: Iterable[str]) -> list[str]:
    """A sentence for each of the names that has no value."""
    layer = settings._wrapped
    return [
        f"setting {name} is not set {place_of(layer)}; expected a value"
        for name in names
        if not getattr(layer, name, None)
    ]
