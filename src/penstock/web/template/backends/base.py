"""What a template engine must offer, and where it looks for templates.

In:     an entry of TEMPLATES without its BACKEND.
Out:    `from_string`, `get_template`.
Never:  knows a template language.
Rules:  Django's `BaseEngine`: unknown keys are an error; DIRS come before the applications' own directories.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.utils.functional import cached_property

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest


class EngineTemplate(Protocol):
    """What `get_template` returns."""

    def render(self, context: dict[str, Any] | None = None, request: "HttpRequest | None" = None) -> str:
        """Return the text of the template with what the engine adds for `request`."""


class BaseEngine:
    """The part of an engine that is the same for each language."""

    # Where an application keeps its templates for this engine.
    app_dirname: ClassVar[str | None] = None

    def __init__(self, params: dict[str, Any]) -> None:
        """Take NAME, DIRS and APP_DIRS out of `params`; ImproperlyConfigured if anything is left."""
        self.name: str = params.pop("NAME")
        self.dirs: list[Any] = list(params.pop("DIRS"))
        self.app_dirs: bool = params.pop("APP_DIRS")
        if params:
            raise ImproperlyConfigured(f"Unknown parameters: {', '.join(params)}")

    def from_string(self, template_code: str) -> EngineTemplate:
        """Return a template made of its text."""
        raise NotImplementedError(f"{type(self).__name__} has no from_string()")

    def get_template(self, template_name: str) -> EngineTemplate:
        """Return the template of that name; TemplateDoesNotExist if there is none."""
        raise NotImplementedError(f"{type(self).__name__} has no get_template()")

    @cached_property
    def template_dirs(self) -> tuple[Path, ...]:
        """The directories in which templates are looked for, in order."""
        return (*map(Path, self.dirs), *self._application_dirs())

    def _application_dirs(self) -> list[Path]:
        if not self.app_dirs or self.app_dirname is None:
            return []
        from penstock.web.apps import apps  # APP_DIRS is rarely set: the registry imports all applications

        wanted = [Path(each.path) / self.app_dirname for each in apps.get_app_configs() if each.path]
        return [directory for directory in wanted if directory.is_dir()]
