"""Crossings between sync and async code: the only place in the framework that imports asgiref.

A site that is sync throughout never crosses, and then neither asgiref nor asyncio is loaded.

In:     a callable or a coroutine of the other side.
Out:    a callable of one's own side, or what the coroutine returns.
Never:  looks which side a callable is of (asyncio.py does).

Rules:  asgiref's.  Sync code shares one thread, so that what belongs to a thread (a cache, a connection) is
        found again by the next step of the same request.
"""

from collections.abc import Callable, Coroutine
from typing import Any


def run_in_thread(
    method: Callable[..., Any], *, is_shared: bool = True
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a coroutine function that calls `method` in the thread of sync code, or in one of its own."""
    from asgiref.sync import sync_to_async

    return sync_to_async(method, thread_sensitive=is_shared)


def run_on_loop(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that waits for `method`, on the event loop above if there is one."""
    from asgiref.sync import async_to_sync

    return async_to_sync(method)


def wait_for(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end from sync code, and return its result."""

    async def run() -> Any:
        return await coroutine

    return run_on_loop(run)()


def make_async_twin(name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return the method `a<name>`: a coroutine function that calls the object's method `name` in a thread."""

    async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await run_in_thread(getattr(self, name))(*args, **kwargs)

    method.__name__ = f"a{name}"
    method.__doc__ = f"Do as `{name}` does, in a thread."
    return method
