"""Which URLconf and which script prefix the code that runs now belongs to.

`reverse` takes no request, yet its answer depends on one: the application may be mounted below a prefix,
and a middleware may have given the request a URLconf of its own.  Both are kept per context: a thread of a
synchronous server has its own, and so has a task of an asynchronous one.

In:     what the handler learns from the environ and from `request.urlconf`.
Out:    the two values, to `reverse`, `resolve` and the error pages.
Never:  imports a URLconf or looks at a request.

Rules:  Django's `set_urlconf` and `set_script_prefix`: the prefix ends in a slash; None is ROOT_URLCONF.
"""

from typing import Any

from penstock.web.core.context import ROOT_PREFIX, SCRIPT_PREFIX, URLCONF


def set_urlconf(urlconf_name: Any) -> None:
    """Let this context use `urlconf_name`: a module, its dotted path or a tuple; None: ROOT_URLCONF again."""
    value = urlconf_name or None
    if URLCONF.get() is not value:
        URLCONF.set(value)


def get_urlconf(default: Any = None) -> Any:
    """Return the URLconf of this context, or `default` where none was set."""
    value = URLCONF.get()
    return default if value is None else value


def set_script_prefix(prefix: str) -> None:
    """Let `reverse` put `prefix` in front of what it returns in this context; a closing slash is added."""
    if not prefix.endswith("/"):
        prefix += "/"
    if SCRIPT_PREFIX.get() != prefix:
        SCRIPT_PREFIX.set(prefix)


def get_script_prefix() -> str:
    """Return the prefix of this context: at least "/", always with a closing slash."""
    return SCRIPT_PREFIX.get()


def clear_script_prefix() -> None:
    """Go back to "/"."""
    set_script_prefix(ROOT_PREFIX)
