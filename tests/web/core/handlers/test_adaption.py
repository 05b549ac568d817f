"""Crossings between sync and async code."""

import asyncio
import logging
import subprocess
import sys
import threading

import pytest

from penstock.web.core.handlers.adaption import adapt, run_in_thread, wait_for


def sync(value):
    return value, threading.current_thread()


async def async_(value):
    return value, threading.current_thread()


@pytest.mark.parametrize(("method", "to_async"), [(sync, False), (async_, True)], ids=["sync", "async"])
def test_method_on_the_side_of_its_caller_is_left_alone(method, to_async):
    assert adapt(method, to_async=to_async) is method


def test_sync_method_is_awaited_by_async_code():
    assert asyncio.run(adapt(sync, to_async=True)(7))[0] == 7


def test_async_method_is_called_by_sync_code():
    assert adapt(async_, to_async=False)(7)[0] == 7


def test_coroutine_is_waited_for_by_sync_code():
    assert wait_for(async_(7))[0] == 7


def test_sync_methods_share_one_thread():
    async def ask_both():
        return await run_in_thread(sync)(1), await run_in_thread(sync)(2)

    (_, first), (_, second) = asyncio.run(ask_both())
    assert first is second


@pytest.mark.parametrize(
    ("method", "to_async", "name", "message"),
    [
        pytest.param(sync, True, "middleware m", "Synchronous handler adapted for middleware m.", id="named"),
        pytest.param(
            async_, False, "", "Asynchronous handler adapted for method async_().", id="by-qualified-name"
        ),
    ],
)
@pytest.mark.parametrize("debug", [True, False])
def test_adaption_is_logged_while_debug_is_on(  # noqa: PLR0917  (fixtures and parameters)
    override, caplog, method, to_async, name, message, debug
):
    caplog.set_level(logging.DEBUG, "penstock.web.request")
    override(DEBUG=debug)
    adapt(method, to_async=to_async, name=name)
    assert caplog.messages == [message] * debug


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


def test_side_that_is_told_is_not_looked_for():
    assert adapt(sync, to_async=True, from_async=True) is sync
