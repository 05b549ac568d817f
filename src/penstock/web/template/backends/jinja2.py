"""Jinja2 behind Django's interface.

In:     an entry of TEMPLATES; OPTIONS are those of `jinja2.Environment`, and two of Django's:
        `environment`, the dotted path of what makes the environment, and `context_processors`.
Out:    templates with `render(context, request)`.
Never:  renders Django's template language.

Rules:  Django's defaults: autoescape; reload and show undefined names under DEBUG.  With a request the
        context has `request`, `csrf_input`, `csrf_token` and what the processors return.  What the view
        gives comes last, as it does in Django's own language; in Django's Jinja2 engine the processors win.
        Ours: `url(name, ...)` and `static(path)` are there unless the environment has its own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import jinja2

from penstock.telemetry import span
from penstock.web.conf import settings
from penstock.web.template.address import static, url_for
from penstock.web.template.backends.base import BaseEngine
from penstock.web.template.backends.utils import csrf_input_lazy, csrf_token_lazy
from penstock.web.template.exceptions import TemplateDoesNotExist, TemplateSyntaxError
from penstock.web.template.witness import is_anybody_told, tell_of_rendering
from penstock.web.utils.functional import cached_property
from penstock.web.utils.module_loading import import_string
from penstock.web.utils.safestring import SafeString

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest

# How many lines around a mistake the technical error page shows.
CONTEXT_LINES: Final = 10


class Jinja2(BaseEngine):
    """The engine."""

    app_dirname: ClassVar[str | None] = "jinja2"

    def __init__(self, params: dict[str, Any]) -> None:
        super().__init__({name: value for name, value in params.items() if name != "OPTIONS"})
        options = {**self._defaults(), **params["OPTIONS"]}
        self.context_processors: list[str] = options.pop("context_processors")
        self.env: jinja2.Environment = import_string(options.pop("environment"))(**options)
        self.env.globals.setdefault("url", _url)
        self.env.globals.setdefault("static", static)

    def _defaults(self) -> dict[str, Any]:
        """Return the options of an engine that says nothing of them."""
        return {
            "context_processors": [],
            "environment": "jinja2.Environment",
            "loader": jinja2.FileSystemLoader(self.template_dirs),
            "autoescape": True,
            "auto_reload": settings.DEBUG,
            "undefined": jinja2.DebugUndefined if settings.DEBUG else jinja2.Undefined,
        }

    @cached_property
    def template_context_processors(self) -> tuple[Callable[["HttpRequest"], dict[str, Any]], ...]:
        """The processors, imported when the first template is rendered."""
        return tuple(import_string(path) for path in self.context_processors)

    def from_string(self, template_code: str) -> "Template":
        """Return a template made of its text; TemplateSyntaxError if it cannot be read."""
        try:
            return Template(self.env.from_string(template_code), self)
        except jinja2.TemplateSyntaxError as error:
            raise _readable(error) from error

    def get_template(self, template_name: str) -> "Template":
        """Return the template of that name.

        Raises:
            TemplateDoesNotExist: it, or one that it extends, is not there.
            TemplateSyntaxError: it cannot be read; `template_debug` shows where.
        """
        try:
            return Template(self.env.get_template(template_name), self)
        except jinja2.TemplateNotFound as error:
            raise TemplateDoesNotExist(error.name, self._tried(str(error.name)), backend=self) from error
        except jinja2.TemplateSyntaxError as error:
            raise _readable(error) from error

    def tell_of_references(self) -> None:
        """From now on tell of templates that others extend or include, too: Django's tests ask for them."""
        if "get_template" not in vars(self.env):
            for name in ("get_template", "select_template"):
                setattr(self.env, name, self._telling(getattr(self.env, name)))

    def _telling(self, find: Callable[..., jinja2.Template]) -> Callable[..., jinja2.Template]:
        """Return what finds a template and tells of it where another one asks: that one adds its own name."""

        def find_and_tell(wanted: Any, *asking: Any, **options: Any) -> jinja2.Template:
            found = find(wanted, *asking, **options)
            if asking:
                tell_of_rendering(Template(found, self), Context())
            return found

        return find_and_tell

    def _tried(self, name: str) -> list[tuple[Any, str]]:
        files = [directory / name for directory in self.template_dirs]
        return [(Origin(str(file), name), "Source does not exist") for file in files]


class Template:
    """A template of this engine."""

    def __init__(self, template: jinja2.Template, backend: Jinja2) -> None:
        self.template = template
        self.backend = backend
        self.name = template.name
        self.origin = Origin(template.filename, template.name)

    def render(self, context: dict[str, Any] | None = None, request: "HttpRequest | None" = None) -> str:
        """Return the text, which is safe to stand in another template."""
        complete = self._context(context, request)
        if is_anybody_told():
            self.backend.tell_of_references()
            tell_of_rendering(self, complete)
        try:
            with span("template.render", template=self.name):
                return SafeString(self.template.render(complete))
        except jinja2.TemplateSyntaxError as error:
            raise _readable(error) from error

    def _context(self, context: dict[str, Any] | None, request: "HttpRequest | None") -> "Context":
        if request is None:
            return Context(context or {})
        complete = Context(
            request=request, csrf_input=csrf_input_lazy(request), csrf_token=csrf_token_lazy(request)
        )
        complete.request = request
        for processor in self.backend.template_context_processors:
            complete.update(processor(request))
        complete.update(context or {})
        return complete


class Context(dict[str, Any]):
    """What a template is rendered with, as the signal `template_rendered` shows it."""

    request: "HttpRequest | None" = None


class Origin:
    """Where a template comes from, as the technical error page names it."""

    def __init__(self, name: str | None, template_name: str | None) -> None:
        self.name = name
        self.template_name = template_name

    def __str__(self) -> str:
        return str(self.name)


@jinja2.pass_context
def _url(context: jinja2.runtime.Context, name: str, /, *args: Any, **kwargs: Any) -> str:
    """Return the path of the route `name`."""
    return url_for(context.get("request"), name, args, kwargs)


def _readable(error: jinja2.TemplateSyntaxError) -> TemplateSyntaxError:
    """Return Django's exception for Jinja2's, with the place of the mistake."""
    told = TemplateSyntaxError(*error.args)
    told.template_debug = get_exception_info(error)  # type: ignore[attr-defined]  # Django's name, for error pages
    return told


def get_exception_info(exception: jinja2.TemplateSyntaxError) -> dict[str, Any]:
    """Return where a template is wrong, as Django's error reporters expect it."""
    source = exception.source
    if source is None and exception.filename is not None and Path(exception.filename).is_file():
        source = Path(exception.filename).read_text(encoding="utf-8")
    lines = list(enumerate((source or "").strip().split("\n"), start=1)) if source is not None else []
    lineno, total = exception.lineno, len(lines)
    top, bottom = max(0, lineno - CONTEXT_LINES - 1), min(total, lineno + CONTEXT_LINES)
    wrong = lines[lineno - 1][1] if 0 < lineno <= total else ""
    place = {"name": exception.filename, "line": lineno, "message": exception.message}
    shown = {"source_lines": lines[top:bottom], "top": top, "bottom": bottom, "total": total}
    return {**place, **shown, "before": "", "during": wrong, "after": ""}
