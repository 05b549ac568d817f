"""The template engines of TEMPLATES, made when first asked for.

In:     settings.TEMPLATES.
Out:    `engines["name"]`, `engines.all()`.
Never:  imports an engine that nobody asked for: the framework runs without Jinja2 installed.
Rules:  Django's `EngineHandler`: each engine has a name, by default its module's; names are unique.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.utils.module_loading import import_string

if TYPE_CHECKING:
    from penstock.web.template.backends.base import BaseEngine


class InvalidTemplateEngineError(ImproperlyConfigured):
    """TEMPLATES has no engine of that name."""


class EngineHandler:
    """The engines by name; they are made anew when TEMPLATES has changed."""

    def __init__(self, templates: list[dict[str, Any]] | None = None) -> None:
        self._given = templates
        # The `revision` of the settings under which the rest was made.
        self._revision: int | None = None
        self._source: Any = None
        self._templates: dict[str, dict[str, Any]] = {}
        self._engines: dict[str, BaseEngine] = {}
        # Counts how often everything was forgotten, for those who keep what they got from an engine.
        self.generation = 0

    def reset(self) -> None:
        """Forget all engines, and with them all templates that they keep."""
        self._revision = None
        self._source = None
        self._engines = {}
        self.generation += 1

    @property
    def templates(self) -> dict[str, dict[str, Any]]:
        """The entries of TEMPLATES by name, completed.

        Raises:
            ImproperlyConfigured: an entry has no BACKEND, or two have one name.
        """
        if self._revision != settings.revision:
            source = settings.TEMPLATES if self._given is None else self._given
            if source is not self._source or self._source is None:
                # What other threads find meanwhile is whole: the old entries, then the new ones.
                templates = _completed(source)
                self.reset()
                self._templates, self._source = templates, source
            self._revision = settings.revision
        return self._templates

    def __getitem__(self, alias: str) -> "BaseEngine":
        templates = self.templates
        engine = self._engines.get(alias)
        if engine is None:
            engine = self._engines[alias] = _make(templates, alias)
        return engine

    def __iter__(self) -> Iterator[str]:
        return iter(self.templates)

    def all(self) -> list["BaseEngine"]:
        """Return all engines, in the order in which they are asked for a template."""
        return [self[alias] for alias in self]


def _completed(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the entries with every key that an engine expects."""
    completed = [
        {"NAME": _default_name(entry), "DIRS": [], "APP_DIRS": False, "OPTIONS": {}, **entry}
        for entry in entries
    ]
    twice = [name for name, count in Counter(entry["NAME"] for entry in completed).items() if count > 1]
    if twice:
        names = ", ".join(twice)
        raise ImproperlyConfigured(
            f"Template engine aliases aren't unique, duplicates: {names}. Set NAME of each"
        )
    return {entry["NAME"]: entry for entry in completed}


def _default_name(entry: dict[str, Any]) -> str:
    """Return the name of the module that the engine is in: `jinja2` for `...backends.jinja2.Jinja2`."""
    try:
        name: str = entry["BACKEND"].rsplit(".", 2)[-2]
    except (AttributeError, IndexError, KeyError):
        backend = entry.get("BACKEND", "<not defined>")
        msg = f"Invalid BACKEND for a template engine: {backend}. expected a dotted path to a class"
        raise ImproperlyConfigured(msg) from None
    return name


def _make(templates: dict[str, dict[str, Any]], alias: str) -> "BaseEngine":
    try:
        entry = templates[alias]
    except KeyError:
        msg = f"Could not find config for {alias!r} in settings.TEMPLATES; expected one of {list(templates)}"
        raise InvalidTemplateEngineError(msg) from None
    parameters = {key: value for key, value in entry.items() if key != "BACKEND"}
    try:
        kind = import_string(entry["BACKEND"])
    except ImportError as error:
        if error.name != "jinja2":
            raise
        msg = f"{entry['BACKEND']} needs Jinja2, which is not installed: pip install 'penstock[web]'"
        raise ImproperlyConfigured(msg) from error
    engine: BaseEngine = kind(parameters)
    return engine


engines = EngineHandler()
