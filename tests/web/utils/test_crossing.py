"""Crossings between sync and async code."""

import asyncio
import subprocess
import sys
import threading

from penstock.web.utils.crossing import make_async_twin, run_in_thread, run_on_loop, wait_for


def sync(value):
    return value, threading.current_thread()


async def async_(value):
    return value, threading.current_thread()


class Counter:
    """Counts to a number."""

    def count(self, number, *, start=0):
        return list(range(start, number))

    acount = make_async_twin("count")


def test_coroutine_is_waited_for_by_sync_code():
    assert wait_for(async_(7))[0] == 7


def test_sync_methods_share_one_thread():
    async def ask_both():
        return await run_in_thread(sync)(1), await run_in_thread(sync)(2)

    (_, first), (_, second) = asyncio.run(ask_both())
    assert first is second


def test_sync_site_never_loads_asgiref_or_asyncio():
    script = """
import sys
from penstock.web.conf import settings
settings.configure(ROOT_URLCONF="urls", LOGGING_CONFIG=None, SECRET_KEY="x", MIDDLEWARE=[
    "penstock.web.middleware.security.SecurityMiddleware",
    "penstock.web.middleware.clickjacking.XFrameOptionsMiddleware",
])
import types
from penstock.web.http import HttpResponse
from penstock.web.urls import path
sys.modules["urls"] = types.ModuleType("urls")
sys.modules["urls"].urlpatterns = [path("", lambda request: HttpResponse("answer"))]
from penstock.web.core.wsgi import get_wsgi_application
import io
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http"}
print(b"".join(get_wsgi_application()(environ, lambda *args: None)), {"asgiref", "asyncio"} &
set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "b'answer' set()\n"


def test_sync_method_that_shares_no_thread_has_its_own():
    async def ask_both():
        return await run_in_thread(sync)(1), await run_in_thread(sync, is_shared=False)(2)

    (_, first), (_, second) = asyncio.run(ask_both())
    assert first is not second


def test_coroutine_function_is_called_by_sync_code():
    assert run_on_loop(async_)(7)[0] == 7


def test_async_twin_answers_as_the_method_does():
    assert asyncio.run(Counter().acount(5, start=3)) == Counter().count(5, start=3)


def test_async_twin_is_named_after_its_method():
    assert (Counter.acount.__name__, Counter.acount.__doc__) == (
        "acount",
        "Do as `count` does, in a thread.",
    )
