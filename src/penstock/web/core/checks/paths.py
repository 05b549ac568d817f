"""Settings that name what is not there, and those that are missing or misspelt.

In:     settings.
Out:    messages: Django's ids where Django has one, `settings.E...` for ours.
Never:  makes an object of what a setting names; it is imported and looked at.
Rules:  a dotted path in a setting must lead to something.
"""

from collections.abc import Iterator
from typing import Any, Final

from penstock.web.conf import settings
from penstock.web.conf.check import settings_faults
from penstock.web.core.checks.message import CheckMessage, Error
from penstock.web.core.checks.message import Warning as CheckWarning
from penstock.web.core.checks.registry import Tags, register
from penstock.web.utils.module_loading import import_string

# Settings that hold one dotted path to something.
_PATHS: Final = (
    "CSRF_FAILURE_VIEW",
    "DEFAULT_EXCEPTION_REPORTER",
    "DEFAULT_EXCEPTION_REPORTER_FILTER",
    "SESSION_SERIALIZER",
    "TEST_RUNNER",
    "WSGI_APPLICATION",
)
# Read while something is served, not at boot; a project may have none.
_OPTIONAL: Final = frozenset({"TEST_RUNNER", "WSGI_APPLICATION"})


@register(Tags.compatibility)
def check_names(**_asked: Any) -> list[CheckMessage]:
    """Return which settings are missing, misspelt or of a wrong type."""
    return [Error(f"{fault}.", id="settings.E001") for fault in settings_faults(settings)]


@register(Tags.compatibility)
def check_paths(**_asked: Any) -> list[CheckMessage]:
    """Return which settings name what cannot be imported."""
    return list(_path_faults())


@register(Tags.compatibility)
def check_loggers(**_asked: Any) -> list[CheckMessage]:
    """Return which loggers of LOGGING are Django's: what they configure says nothing here."""
    return [
        CheckWarning(
            f"LOGGING configures the logger {name!r}, to which nothing is said.",
            hint="the framework's loggers begin with 'penstock.web' where Django's begin with 'django'",
            id="settings.W002",
        )
        for name in settings.LOGGING.get("loggers", ())
        if name == "django" or name.startswith("django.")
    ]


def _path_faults() -> Iterator[CheckMessage]:
    for place, path in _named():
        try:
            import_string(path)
        except ImportError as error:
            yield Error(f"{place} names {path!r}, which cannot be imported: {error}.", id="settings.E002")


def _named() -> Iterator[tuple[str, str]]:
    """Yield where a path stands, and the path."""
    for path in settings.MIDDLEWARE:
        yield "MIDDLEWARE", path
    for entry in settings.TEMPLATES:
        yield "TEMPLATES", entry.get("BACKEND", "")
        for path in entry.get("OPTIONS", {}).get("context_processors", ()):
            yield "TEMPLATES context_processors", path
    for alias, entry in settings.CACHES.items():
        yield f"CACHES[{alias!r}]", entry.get("BACKEND", "")
    for name in _PATHS:
        path = getattr(settings, name, None)
        if path and (name not in _OPTIONAL or settings.is_overridden(name)):
            yield name, path
