"""A client that calls the site without a server.

In:     method, path, data and fields.
Out:    the response, with what a test wants to know of how it came about.
Never:  sends anything over a network.

Rules:  Django's test client.  What a response has, beside its own:

    client, request            who asked, and the environ's variables of the question
    wsgi_request/asgi_request  the request that the view saw
    templates, context         what was rendered
    json()                     the content, parsed
    resolver_match             the route, resolved when asked for
    exc_info                   the exception that became a 500, if it was not raised again
    redirect_chain             with follow=True, the (url, status) of each redirect
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from importlib import import_module
from typing import Any

from penstock.web.conf import settings
from penstock.web.core.signals import got_request_exception
from penstock.web.test.clienthandler import AsyncClientHandler, ClientHandler, conditional_content_removal
from penstock.web.test.contextlist import ContextList
from penstock.web.test.factory import (
    CONTENT_TYPE_RE,
    JSON_CONTENT_TYPE_RE,
    AsyncRequestFactory,
    Headers,
    Query,
    RequestFactory,
)
from penstock.web.test.method import ClientMethods, Question
from penstock.web.test.payload import (
    BOUNDARY,
    MULTIPART_CONTENT,
    FakePayload,
    encode_file,
    encode_multipart,
)
from penstock.web.test.redirect import RedirectCycleError, check_chain, is_redirect, next_question
from penstock.web.test.signals import template_rendered
from penstock.web.urls import resolve
from penstock.web.utils.crossing import run_in_thread
from penstock.web.utils.functional import SimpleLazyObject

__all__ = [
    "BOUNDARY",
    "CONTENT_TYPE_RE",
    "JSON_CONTENT_TYPE_RE",
    "MULTIPART_CONTENT",
    "AsyncClient",
    "AsyncClientHandler",
    "AsyncRequestFactory",
    "Client",
    "ClientHandler",
    "FakePayload",
    "RedirectCycleError",
    "RequestFactory",
    "conditional_content_removal",
    "encode_file",
    "encode_multipart",
]


class _Witness:
    """What happened while a request was answered: templates, and an exception that became a 500."""

    def __init__(self) -> None:
        self.templates: list[Any] = []
        self.contexts = ContextList()
        self.exc_info: Any = None

    def see_template(self, *, template: Any, context: Any, **_named: object) -> None:
        self.templates.append(template)
        self.contexts.append(copy(context))

    def see_exception(self, **_named: object) -> None:
        self.exc_info = sys.exc_info()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear the signals; a request within a request has a witness of its own, which hears before."""
        template_rendered.connect(self.see_template, dispatch_uid=(id(self), "template"))
        got_request_exception.connect(self.see_exception, dispatch_uid=(id(self), "exception"))
        try:
            yield
        finally:
            template_rendered.disconnect(dispatch_uid=(id(self), "template"))
            got_request_exception.disconnect(dispatch_uid=(id(self), "exception"))


class _AnyClient(ClientMethods):
    """What both clients share.

    Args:
        enforce_csrf_checks: tokens are needed, as in earnest.
        raise_request_exception: what would become a 500 is raised instead.
        headers: fields of each request.
        query_params: the query string of each request.
        defaults: variables of each environ.
    """

    handler_class: type[Any]

    def __init__(
        self,
        enforce_csrf_checks: bool = False,
        raise_request_exception: bool = True,
        *,
        headers: Headers = None,
        query_params: Query = None,
        **defaults: Any,
    ) -> None:
        super().__init__(headers=headers, query_params=query_params, **defaults)
        self.handler: Any = self.handler_class(enforce_csrf_checks)
        self.raise_request_exception = raise_request_exception
        self.extra: Any = None
        self.headers: Any = None

    def _tell(self, response: Any, request: dict[str, Any], witness: _Witness) -> Any:
        """Hang on a response what the witness saw; raises the exception it saw, if that is wanted."""
        response.exc_info = witness.exc_info
        if witness.exc_info and self.raise_request_exception:
            raise witness.exc_info[1]
        response.client = self
        response.request = request
        response.templates = witness.templates
        response.context = _only(witness.contexts)
        response.json = partial(_parse_json, response)
        seen = getattr(response, "wsgi_request", None) or response.asgi_request
        response.resolver_match = SimpleLazyObject(
            lambda: resolve(request.get("PATH_INFO") or request["path"], getattr(seen, "urlconf", None))
        )
        if response.cookies:
            self.cookies.update(response.cookies)
        return response

    @property
    def session(self) -> Any:
        """The session of this client, begun if there is none."""
        store = import_module(settings.SESSION_ENGINE).SessionStore
        cookie = self.cookies.get(settings.SESSION_COOKIE_NAME)
        session = store(cookie.value if cookie else None)
        if not cookie:
            session.save()
            self.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        return session

    async def asession(self) -> Any:
        """The same from a coroutine."""
        return await run_in_thread(lambda: self.session)()


def _only(contexts: ContextList) -> Any:
    """Return the context, if there is but one."""
    if not contexts:
        return None
    return contexts[0] if len(contexts) == 1 else contexts


def _parse_json(response: Any, **extra: Any) -> Any:
    """Return the content as JSON, parsed once.

    Raises:
        ValueError: the content type is another.
    """
    if not hasattr(response, "_json"):
        content_type = response.get("Content-Type", "")
        if not JSON_CONTENT_TYPE_RE.match(content_type):
            raise ValueError(f'Content-Type header is "{content_type}", not "application/json"')
        response._json = json.loads(response.text, **extra)
    return response._json


class Client(_AnyClient):
    """Calls the site and returns its responses.

    Each method takes `follow`: go where redirects lead.  Cookies are kept from one request to the next.
    """

    handler_class = ClientHandler

    def request(self, **request: Any) -> Any:
        """Return the response to an environ that has these variables.

        Raises:
            Exception: what the site raised, unless `raise_request_exception` is off.
        """
        witness = _Witness()
        with witness.listening():
            response = self.handler(self._base_environ(**request))
        return self._tell(response, request, witness)

    def _ask(self, question: Question) -> Any:
        response = self._send(question)
        return self._handle_redirects(response, question) if question.follow else response

    def _handle_redirects(self, response: Any, question: Question) -> Any:
        """Go on to where redirects lead.

        Raises:
            RedirectCycleError: nowhere.
        """
        chain = response.redirect_chain = []
        while is_redirect(response):
            chain.append((response.url, response.status_code))
            response = self._send(next_question(response, question))
            response.redirect_chain = chain
            check_chain(response)
        return response


class AsyncClient(_AnyClient, AsyncRequestFactory):
    """Calls the site asynchronously; each method is awaited."""

    handler_class = AsyncClientHandler

    async def request(self, **request: Any) -> Any:
        """Return the response to a scope that has these entries; raises as Client does."""
        witness = _Witness()
        with witness.listening():
            response = await self.handler(self._base_scope(**request))
        return self._tell(response, request, witness)

    async def _ask(self, question: Question) -> Any:
        response = await self._send(question)
        return await self._ahandle_redirects(response, question) if question.follow else response

    async def _ahandle_redirects(self, response: Any, question: Question) -> Any:
        """Go on to where redirects lead; raises as Client does."""
        chain = response.redirect_chain = []
        while is_redirect(response):
            chain.append((response.url, response.status_code))
            response = await self._send(next_question(response, question))
            response.redirect_chain = chain
            check_chain(response)
        return response
