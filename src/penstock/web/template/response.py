"""A response that is a template and its context until the last moment: middleware may still change both.

    made  --- process_template_response changes template_name, context_data --->  render()  ->  content

In:     a template (its name, several names, or itself) and a context.
Out:    an `HttpResponse` whose content is there after `render()`.
Never:  renders by itself: reading the content earlier is an error.

Rules:  Django's.  `render` works once; setting the content counts as rendered; a callback after rendering
        may replace the response; what was only needed for rendering is not pickled.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.web.http import HttpResponse
from penstock.web.template.loader import get_template, select_template

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest
    from penstock.web.template.backends.base import EngineTemplate


class ContentNotRenderedError(Exception):
    """The content was wanted before `render()`."""


class SimpleTemplateResponse(HttpResponse):
    """A template and its context, without a request."""

    non_picklable_attrs: ClassVar[frozenset[str]] = HttpResponse.non_picklable_attrs | {
        "template_name",
        "context_data",
        "_post_render_callbacks",
    }

    def __init__(
        self,
        template: "str | Sequence[str] | EngineTemplate",
        context: dict[str, Any] | None = None,
        content_type: str | None = None,
        status: int | None = None,
        charset: str | None = None,
        using: str | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> None:
        self.using = using
        self.template_name, self.context_data = template, context
        self._post_render_callbacks: list[Callable[[Any], Any]] = []
        # A TemplateResponse has a request, and only there.
        self._request: HttpRequest | None = None
        super().__init__("", content_type, status, charset=charset, headers=headers)
        # Construction has set a content; what counts is what comes after.
        self._is_rendered = False

    def __getstate__(self) -> dict[str, Any]:
        """Return what is left of a rendered response; ContentNotRenderedError before that."""
        self._require_rendered("pickled")
        return super().__getstate__()

    def _require_rendered(self, use: str) -> None:
        if not self._is_rendered:
            raise ContentNotRenderedError(f"The response content must be rendered before it can be {use}.")

    def resolve_template(self, template: "str | Sequence[str] | EngineTemplate") -> "EngineTemplate":
        """Return the template that a name, several names or a template stand for."""
        if isinstance(template, (list, tuple)):
            return select_template(template, using=self.using)
        if isinstance(template, str):
            return get_template(template, using=self.using)
        found: EngineTemplate = template  # type: ignore[assignment]  # what is left of the union
        return found

    def resolve_context(self, context: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return the context to render with; a subclass may change it."""
        return context

    @property
    def rendered_content(self) -> str:
        """The text of the template with its context, rendered anew each time."""
        template = self.resolve_template(self.template_name)
        return template.render(self.resolve_context(self.context_data), self._request)

    def add_post_render_callback(self, callback: Callable[[Any], Any]) -> None:
        """Call `callback(response)` after rendering, or now if that is over; it may return another one."""
        if not self._is_rendered:
            self._post_render_callbacks.append(callback)
            return
        callback(self)

    def render(self) -> Any:
        """Render, once, and return the response: this one, or the one that a callback put in its place."""
        response: Any = self
        if self._is_rendered:
            return response
        self.content = self.rendered_content
        for callback in self._post_render_callbacks:
            replacement = callback(response)
            if replacement is not None:
                response = replacement
        return response

    @property
    def is_rendered(self) -> bool:
        """Tell whether the content is there."""
        return self._is_rendered

    def __iter__(self) -> Iterator[bytes]:
        self._require_rendered("iterated over")
        return super().__iter__()

    @property
    def content(self) -> bytes:
        """The body; ContentNotRenderedError before `render`."""
        self._require_rendered("accessed")
        return super().content

    @content.setter
    def content(self, value: object) -> None:
        # First the content: a value that cannot be encoded leaves the response as it was.
        HttpResponse.content.fset(self, value)  # type: ignore[attr-defined]  # a property has one
        self._is_rendered = True


class TemplateResponse(SimpleTemplateResponse):
    """A template, its context, and the request: context processors take part."""

    non_picklable_attrs: ClassVar[frozenset[str]] = SimpleTemplateResponse.non_picklable_attrs | {"_request"}

    def __init__(
        self,
        request: "HttpRequest",
        template: "str | Sequence[str] | EngineTemplate",
        context: dict[str, Any] | None = None,
        content_type: str | None = None,
        status: int | None = None,
        charset: str | None = None,
        using: str | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(template, context, content_type, status, charset, using, headers)
        self._request = request
