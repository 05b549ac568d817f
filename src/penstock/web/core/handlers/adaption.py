"""Middleware and hooks for the side that calls them, sync or async.

In:     a callable, and the side that is to call it.
Out:    the same callable, or one that crosses over.
Never:  crosses where nothing is to be crossed: a site that is sync throughout never loads asgiref.

Rules:  Django's `adapt_method_mode`, its log lines included (of level debug, while DEBUG is on).
"""

import logging
from collections.abc import Callable
from typing import Any

from penstock.web.conf import settings
from penstock.web.utils.asyncio import iscoroutinefunction
from penstock.web.utils.crossing import run_in_thread, run_on_loop

logger = logging.getLogger("penstock.web.request")


def adapt(
    method: Callable[..., Any], *, to_async: bool, from_async: bool | None = None, name: str = ""
) -> Callable[..., Any]:
    """Return `method` as the side that calls it needs it.

    Args:
        method: sync or async.
        to_async: the caller awaits.
        from_async: what `method` is; None: look.
        name: what the log line calls it; default: its qualified name.
    """
    if from_async is None:
        from_async = iscoroutinefunction(method)
    if to_async == from_async:
        return method
    if settings.DEBUG:
        kind = "Asynchronous" if from_async else "Synchronous"
        logger.debug("%s handler adapted for %s.", kind, name or f"method {method.__qualname__}()")
    return run_in_thread(method) if to_async else run_on_loop(method)
