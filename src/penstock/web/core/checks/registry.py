"""Which checks there are.

In:     functions, from here and from packages.
Out:    what they say.
Never:  hides a check that fails: its exception leaves.
Rules:  Django's `register`, as a decorator with tags or without; checks for deployment run when asked for.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, TypeVar, overload

from penstock.web.core.checks.message import CheckMessage

Check = Callable[..., Iterable[CheckMessage]]
C = TypeVar("C", bound=Check)


class Tags:
    """What checks may be chosen by."""

    compatibility = "compatibility"
    security = "security"
    signals = "signals"
    templates = "templates"
    urls = "urls"
    caches = "caches"
    files = "files"
    staticfiles = "staticfiles"
    sites = "sites"
    async_support = "async_support"
    translation = "translation"
    admin = "admin"
    commands = "commands"
    database = "database"
    models = "models"


# In the order in which they were registered: check -> its tags, and whether it is for deployment.
_checks: Final[dict[Check, tuple[frozenset[str], bool]]] = {}


@overload
def register(check: C, *tags: str, deploy: bool = False) -> C: ...
@overload
def register(check: str | None = None, *tags: str, deploy: bool = False) -> Callable[[C], C]: ...
def register(check: Any = None, *tags: str, deploy: bool = False) -> Any:
    """Register a check, or return a decorator that does: `@register`, `@register("mine", deploy=True)`.

    A check is called with `app_configs` and `databases` and returns messages.
    """
    if callable(check):
        return _added(check, tags, is_deployment=deploy)
    names = (check, *tags) if check else tags
    return lambda function: _added(function, names, is_deployment=deploy)


def _added(function: Any, tags: tuple[str, ...], *, is_deployment: bool) -> Any:
    function.tags = tags
    _checks[function] = (frozenset(tags), is_deployment)
    return function


def run_checks(
    app_configs: Any = None,
    tags: Collection[str] | None = None,
    include_deployment_checks: bool = False,
    databases: Any = None,
) -> list[CheckMessage]:
    """Return what the checks say, in the order in which they were registered.

    Args:
        app_configs: what they shall look at; None: everything.
        tags: only those that have one of these.
        include_deployment_checks: those for deployment, too.
        databases: passed on; there are none here.
    """
    messages: list[CheckMessage] = []
    for check, (own_tags, is_deployment) in list(_checks.items()):
        if is_deployment and not include_deployment_checks:
            continue
        if tags is None or not own_tags.isdisjoint(tags):
            messages += check(app_configs=app_configs, databases=databases)
    return messages


def tag_exists(tag: str, include_deployment_checks: bool = False) -> bool:
    """Tell whether a check has this tag."""
    shown = [
        tags for tags, is_deployment in _checks.values() if include_deployment_checks or not is_deployment
    ]
    return any(tag in tags for tags in shown)
