"""Views as classes: one object for each request, one method for each HTTP method.

In:     a request and the arguments of its path.
Out:    a response.
Never:  shares an object between requests.

Rules:  Django's.  `as_view()` takes attributes that the class has; HEAD is answered by `get` unless there
        is a `head`; OPTIONS lists the methods; what is not there is 405 with Allow.  All methods are
        coroutines, or none is.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseGone,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
)
from penstock.web.template.response import TemplateResponse
from penstock.web.urls import reverse
from penstock.web.utils.asyncio import iscoroutinefunction, markcoroutinefunction
from penstock.web.utils.functional import classproperty
from penstock.web.utils.log import log_response
from penstock.web.views.method import refuse_method

if TYPE_CHECKING:
    from penstock.web.http.response import HttpResponseBase


if TYPE_CHECKING:
    class_only = classmethod
else:

    class class_only(classmethod):
        """A class method that an object of the class does not have."""

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is not None:
                raise AttributeError("This method is available only on the class, not on instances.")
            return super().__get__(instance, owner)


class ContextMixin:
    """What a template's context begins with: the arguments of the view, `view`, and `extra_context`."""

    extra_context: dict[str, Any] | None = None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context; a subclass adds to it."""
        return {"view": self, **kwargs, **(self.extra_context or {})}


class View:
    """A view as a class; `as_view()` is what a URLconf takes."""

    http_method_names: ClassVar[list[str]] = [
        "get", "post", "put", "patch", "delete", "head", "options", "trace",
    ]  # fmt: skip

    request: HttpRequest
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None:
        for name, value in kwargs.items():
            setattr(self, name, value)

    @classproperty
    def view_is_async(cls) -> bool:  # noqa: N805 - of the class
        """Whether the methods are coroutines; ImproperlyConfigured if some are and some are not."""
        names = (name for name in cls.http_method_names if name != "options" and hasattr(cls, name))
        kinds = {iscoroutinefunction(getattr(cls, name)) for name in names}
        if len(kinds) > 1:
            name = cls.__qualname__  # type: ignore[attr-defined]  # cls is the class
            raise ImproperlyConfigured(f"{name} HTTP handlers must either be all sync or all async.")
        return kinds == {True}

    @class_only
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:  # noqa: N805 - of the class
        """Return a function that makes an object of the class, with `initkwargs` as attributes, and asks it.

        Raises:
            TypeError: an argument is called like a method, or the class has no attribute of its name.
        """
        for name in initkwargs:
            _check_argument(cls, name)

        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            self = cls(**initkwargs)
            self.setup(request, *args, **kwargs)
            if not hasattr(self, "request"):
                name = type(self).__name__
                msg = (
                    f"{name} instance has no 'request' attribute. "
                    "Did you override setup() and forget to call super()?"
                )
                raise AttributeError(msg)
            return self.dispatch(request, *args, **kwargs)

        view.view_class = cls  # type: ignore[attr-defined]  # what people read of a view
        view.view_initkwargs = initkwargs  # type: ignore[attr-defined]  # the same
        # Not functools.wraps: the name stays "view", and nothing is said to be wrapped.
        view.__doc__, view.__module__ = cls.__doc__, cls.__module__
        view.__annotations__ = cls.dispatch.__annotations__
        # What decorators of `dispatch` have left, such as csrf_exempt.
        view.__dict__.update(cls.dispatch.__dict__)
        return markcoroutinefunction(view) if cls.view_is_async else view

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Keep what the methods find on `self`; a subclass that overrides it calls super()."""
        self.request, self.args, self.kwargs = request, args, kwargs
        if not hasattr(self, "head") and hasattr(self, "get"):
            self.head = self.get

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer by the method of the request."""
        method = (request.method or "").lower()
        handler = self.http_method_not_allowed
        if method in self.http_method_names:
            handler = getattr(self, method, handler)
        return handler(request, *args, **kwargs)

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - as all methods
        """Answer 405 and log it; Allow lists what is there."""
        refusal = refuse_method(request, self._allowed_methods())
        return _awaitable(refusal) if self.view_is_async else refusal

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - as all methods
        """Answer with the methods that are there."""
        answer = HttpResponse()  # its content type comes first, as in Django
        answer["Allow"], answer["Content-Length"] = ", ".join(self._allowed_methods()), "0"
        return _awaitable(answer) if self.view_is_async else answer

    def _allowed_methods(self) -> list[str]:
        return [method.upper() for method in self.http_method_names if hasattr(self, method)]


def _check_argument(cls: type[View], name: str) -> None:
    if name in cls.http_method_names:
        msg = f"The method name {name} is not accepted as a keyword argument to {cls.__name__}()."
        raise TypeError(msg)
    if not hasattr(cls, name):
        msg = (
            f"{cls.__name__}() received an invalid keyword {name!r}. "
            "as_view only accepts arguments that are already attributes of the class."
        )
        raise TypeError(msg)


async def _awaitable(response: "HttpResponseBase") -> "HttpResponseBase":
    return response


class TemplateResponseMixin:
    """A view whose answer is a template."""

    template_name: str | None = None
    template_engine: str | None = None
    response_class: type[TemplateResponse] = TemplateResponse
    content_type: str | None = None
    request: HttpRequest

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> TemplateResponse:
        """Return the response; further arguments are `response_class`'s."""
        given = {"content_type": self.content_type, "using": self.template_engine, **response_kwargs}
        return self.response_class(self.request, self.get_template_names(), context, **given)

    def get_template_names(self) -> list[str]:
        """Return the names of the templates that may be taken, the first that is there."""
        if self.template_name is None:
            msg = (
                "TemplateResponseMixin requires either a definition of "
                "'template_name' or an implementation of 'get_template_names()'"
            )
            raise ImproperlyConfigured(msg)
        return [self.template_name]


class TemplateView(TemplateResponseMixin, ContextMixin, View):
    """A template; the arguments of the path are in its context."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - as all methods
        """Answer with the template."""
        return self.render_to_response(self.get_context_data(**kwargs))


class RedirectView(View):
    """A redirect, to a URL with the arguments of the path in it or to a route."""

    permanent: bool = False
    url: Any = None
    pattern_name: str | None = None
    query_string: bool = False

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str | None:
        """Return where to; None: 410."""
        if not self.url and not self.pattern_name:
            return None
        url = str(self.url) % kwargs if self.url else reverse(self.pattern_name, args=args, kwargs=kwargs)
        query = self.request.META.get("QUERY_STRING", "")
        return f"{url}?{query}" if query and self.query_string else url

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> "HttpResponseBase":
        """Answer with the redirect, or 410 if there is nowhere to go."""
        url = self.get_redirect_url(*args, **kwargs)
        if url:
            return HttpResponsePermanentRedirect(url) if self.permanent else HttpResponseRedirect(url)
        response = HttpResponseGone()
        log_response("Gone: %s", request.path, request=request, response=response)
        return response

    def _like_get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> "HttpResponseBase":
        """Answer as `get` does."""
        return self.get(request, *args, **kwargs)

    head = post = options = delete = put = patch = _like_get


__all__ = ("ContextMixin", "RedirectView", "TemplateResponseMixin", "TemplateView", "View")
