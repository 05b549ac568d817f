"""From a request to its response: URLconf, middleware, view, template.

In:     an HttpRequest.
Out:    an HttpResponse that is logged if it is an error, and knows what to close.
Never:  speaks WSGI or ASGI (wsgi.py and asgi.py do), or wraps a view but in a transaction.

Rules:  Django's `BaseHandler`.  The order of hooks, to the letter:

    process_request            top-down   (onion.py)
    resolve                    a Resolver404 is not offered to process_exception
    process_view               top-down   the first true answer; a false one, not None, skips the view too
    view                       what it raises goes to process_exception, bottom-up, to the first true answer;
                               under ATOMIC_REQUESTS a transaction is around it, and around nothing else
    check                      None or a coroutine is refused; that is not offered to process_exception
    process_template_response  bottom-up  if there is something to render, wherever it came from
    render                     what it raises goes to process_exception, whose answer is returned as it is
    process_response           bottom-up  (onion.py)

The asynchronous twin of each step stands beside it: a view that waits must not hold the thread that sync code
shares, so one cannot be made of the other.
"""

from collections.abc import Callable, Mapping, Sequence
from types import CoroutineType, FunctionType
from typing import Any

from penstock.telemetry import span
from penstock.web.conf import settings
from penstock.web.core.context import URLCONF
from penstock.web.core.handlers.chain import Hook, load_chain
from penstock.web.http import HttpRequest
from penstock.web.http.response import HttpResponseBase
from penstock.web.urls import get_resolver, set_urlconf
from penstock.web.utils.asyncio import iscoroutinefunction
from penstock.web.utils.crossing import run_in_thread, wait_for
from penstock.web.utils.log import log_response

View = Callable[..., Any]


class BaseHandler:
    """A site: its middleware, loaded once, around its views."""

    _middleware_chain: Callable[[HttpRequest], Any] | None = None
    _view_hooks: tuple[Hook, ...] = ()
    _template_response_hooks: tuple[tuple[Hook, str], ...] = ()
    _exception_hooks: tuple[Hook, ...] = ()
    _atomic_aliases: tuple[str, ...] = ()

    def load_middleware(self, is_async: bool = False) -> None:
        """Make the middleware that settings.MIDDLEWARE names.

        Raises:
            ImportError: a name leads nowhere.
            ImproperlyConfigured: a factory returned None.
            RuntimeError: a middleware is neither sync nor async.
        """
        heart = self._get_response_async if is_async else self._get_response
        chain = load_chain(settings.MIDDLEWARE, heart, is_async=is_async)
        self._view_hooks = chain.view_hooks
        self._template_response_hooks = chain.template_response_hooks
        self._exception_hooks = chain.exception_hooks
        self._atomic_aliases = _atomic_aliases()
        self._middleware_chain = chain.respond  # last: it says that all is loaded

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request; errors are answers, and are logged unless they were."""
        urlconf = settings.ROOT_URLCONF
        if URLCONF.get() is not urlconf:
            URLCONF.set(urlconf)
        response = self._middleware_chain(request)  # type: ignore[misc]  # loaded, or it fails as it should
        response._resource_closers.append(request.close)
        if response.status_code >= 400:
            _log_error(request, response)
        return response  # type: ignore[no-any-return]  # what middleware returns is the site's

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Do as `get_response` does, for a chain that was loaded as asynchronous."""
        set_urlconf(settings.ROOT_URLCONF)
        response = await self._middleware_chain(request)  # type: ignore[misc]  # as above
        response._resource_closers.append(request.close)
        if response.status_code >= 400:
            await run_in_thread(_log_error)(request, response)
        return response  # type: ignore[no-any-return]  # as above

    def resolve_request(self, request: HttpRequest) -> Any:
        """Find the view of a request, which may bring a URLconf of its own; it notes what was found.

        Raises:
            Resolver404: no route matches.
        """
        if hasattr(request, "urlconf"):
            set_urlconf(request.urlconf)
            resolver = get_resolver(request.urlconf)
        else:
            resolver = get_resolver()
        match = request.resolver_match = resolver.resolve(request.path_info)
        return match

    def check_response(self, response: Any, callback: View, name: str | None = None) -> None:
        """Refuse what is no response.

        Raises:
            ValueError: None, or a coroutine that nobody awaited; it names the view (or `name`).
        """
        if response is not None and not isinstance(response, CoroutineType):
            return
        given = "None" if response is None else "an unawaited coroutine"
        hint = "" if response is None else " You may need to add an 'await' into your view."
        raise ValueError(
            f"{name or _view_name(callback)} didn't return an HttpResponse object. "
            f"It returned {given} instead.{hint}"
        )

    def make_view_atomic(self, view: View) -> View:
        """Return the view within a transaction of each database that has ATOMIC_REQUESTS.

        Raises:
            RuntimeError: it is asynchronous, and does not say `transaction.non_atomic_requests`.
        """
        exempt = getattr(view, "_non_atomic_requests", ())
        for alias in self._atomic_aliases:
            if alias in exempt:
                continue
            if iscoroutinefunction(view):
                raise RuntimeError(
                    f"{_view_name(view)} is asynchronous, and DATABASES[{alias!r}] has ATOMIC_REQUESTS; "
                    "expected a sync view, or transaction.non_atomic_requests"
                )
            from penstock.web.db.transaction import atomic_view

            view = atomic_view(view, alias)
        return view

    # The heart of the onion.

    def _get_response(self, request: HttpRequest) -> Any:
        match = self.resolve_request(request)
        view, args, kwargs = match.func, match.args, match.kwargs
        response = None
        for hook in self._view_hooks:
            response = hook(request, view, args, kwargs)
            if response:
                break
        if response is None:
            called = self.make_view_atomic(view) if self._atomic_aliases else view
            try:
                with span("view") as measured:
                    if measured.is_recording:
                        measured.attributes["http.route"] = match.route
                    response = called(request, *args, **kwargs)
                    if response.__class__ is CoroutineType and iscoroutinefunction(view):
                        response = wait_for(response)
            except Exception as error:
                response = self._offer(request, error)
                if response is None:
                    raise
        if response is None or response.__class__ is CoroutineType:
            self.check_response(response, view)
        render = getattr(response, "render", None)
        if render is not None and callable(render):
            response = self._render(request, response, view)
        return response

    def _render(self, request: HttpRequest, response: Any, view: View) -> Any:
        for hook, owner in self._template_response_hooks:
            response = hook(request, response)
            self.check_response(response, view, f"{owner}.process_template_response")
        try:
            return response.render()
        except Exception as error:
            response = self._offer(request, error)
            if response is None:
                raise
            return response

    def _offer(self, request: HttpRequest, error: Exception) -> Any:
        """Ask each `process_exception`, innermost first; None if none has an answer."""
        for hook in self._exception_hooks:
            response = hook(request, error)
            if response:
                return response
        return None

    # The same, awaited.

    async def _get_response_async(self, request: HttpRequest) -> Any:
        view, args, kwargs = self.resolve_request(request)
        response = None
        for hook in self._view_hooks:
            response = await hook(request, view, args, kwargs)
            if response:
                break
        if response is None:
            with span("view") as measured:
                measured.attributes["http.route"] = request.resolver_match.route
                response = await self._await_view(request, view, args, kwargs)
        self.check_response(response, view)
        if callable(getattr(response, "render", None)):
            response = await self._render_async(request, response, view)
        return response

    async def _await_view(
        self, request: HttpRequest, view: View, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        called = self.make_view_atomic(view)
        awaitable_view = called if iscoroutinefunction(called) else run_in_thread(called)
        try:
            return await awaitable_view(request, *args, **kwargs)
        except Exception as error:
            response = await run_in_thread(self._offer)(request, error)
            if response is None:
                raise
            return response

    async def _render_async(self, request: HttpRequest, response: Any, view: View) -> Any:
        for hook, owner in self._template_response_hooks:
            response = await hook(request, response)
            self.check_response(response, view, f"{owner}.process_template_response")
        try:
            if iscoroutinefunction(response.render):
                return await response.render()
            return await run_in_thread(response.render)()
        except Exception as error:
            response = await run_in_thread(self._offer)(request, error)
            if response is None:
                raise
            return response


def _atomic_aliases() -> tuple[str, ...]:
    return tuple(alias for alias, written in settings.DATABASES.items() if written.get("ATOMIC_REQUESTS"))


def _log_error(request: HttpRequest, response: Any) -> None:
    log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)


def _view_name(view: View) -> str:
    if isinstance(view, FunctionType):
        return f"The view {view.__module__}.{view.__name__}"
    return f"The view {view.__module__}.{type(view).__name__}.__call__"
