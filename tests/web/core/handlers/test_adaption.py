"""Middleware and hooks for the side that calls them."""

import asyncio
import logging
import threading

import pytest

from penstock.web.core.handlers.adaption import adapt


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


def test_side_that_is_told_is_not_looked_for():
    assert adapt(sync, to_async=True, from_async=True) is sync
