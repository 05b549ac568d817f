"""Where a redirect leads a test client.

In:     a response, and the question that it answers.
Out:    the next question.
Never:  asks it.

Rules:  RFC 9110 section 15.4: 307 and 308 keep method and body, the others become GET.  RFC 3986 section 5.2
        for relative targets.
"""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from penstock.web.http import QueryDict
from penstock.web.test.method import Question

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PRESERVING: Final = frozenset({307, 308})
_MAX_REDIRECTS: Final = 20


class RedirectCycleError(Exception):
    """Redirects that lead round in a circle, or on and on.

    Attributes:
        last_response: the one that was not followed.
        redirect_chain: how it came to that.
    """

    def __init__(self, message: str, last_response: Any) -> None:
        self.redirect_chain = last_response.redirect_chain
        self.last_response = last_response
        super().__init__(message)


def is_redirect(response: Any) -> bool:
    """Tell whether a response leads elsewhere."""
    return response.status_code in _REDIRECTS


def check_chain(response: Any) -> None:
    """Refuse to go on for ever.

    Raises:
        RedirectCycleError: the last step was there before, or there were too many.
    """
    *before, last = response.redirect_chain
    if last in before:
        raise RedirectCycleError("Redirect loop detected.", last_response=response)
    if len(before) >= _MAX_REDIRECTS:
        raise RedirectCycleError("Too many redirects.", last_response=response)


def next_question(response: Any, question: Question) -> Question:
    """Return what a client asks after a redirect."""
    target = urlsplit(response.url)
    following = replace(
        question,
        path=_path_of(target, response.request),
        secure=target.scheme == "https",
        query_params=None,
        extra={**question.extra, **_server_of(target)},
    )
    if response.status_code not in _PRESERVING:
        return replace(following, method="get", data=QueryDict(target.query), content_type=None)
    if question.method in {"get", "head"}:
        return replace(following, data=question.data or QueryDict(target.query))
    return replace(following, extra={**following.extra, "QUERY_STRING": target.query})


def _path_of(target: SplitResult, request: dict[str, Any]) -> str:
    path = target.path or ("/" if target.netloc else "")
    if path.startswith("/"):
        return path
    asked: str = request.get("PATH_INFO") or request["path"]
    return urljoin(asked, path)


def _server_of(target: SplitResult) -> dict[str, str]:
    """Return the variables that say whom an absolute URL means."""
    if not target.hostname:
        return {}
    port = {"SERVER_PORT": str(target.port)} if target.port else {}
    return {"SERVER_NAME": target.hostname, "HTTP_HOST": target.hostname, **port}
