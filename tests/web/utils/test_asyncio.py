"""utils/asyncio.py."""

import asyncio

import pytest
from asgiref.sync import iscoroutinefunction as theirs
from asgiref.sync import markcoroutinefunction as their_mark

from penstock.web.core.exceptions import SynchronousOnlyOperation
from penstock.web.utils.asyncio import async_unsafe, iscoroutinefunction, markcoroutinefunction


async def coroutine(): ...


def plain(): ...


class Marked:
    def __init__(self, mark):
        mark(self)

    async def __call__(self): ...


@pytest.mark.parametrize(
    ("function", "is_coroutine"),
    [
        pytest.param(coroutine, True, id="declared"),
        pytest.param(plain, False, id="plain"),
        pytest.param(Marked(markcoroutinefunction), True, id="marked-by-us"),
        pytest.param(Marked(their_mark), True, id="marked-by-asgiref"),
        pytest.param(Marked(lambda self: None), False, id="unmarked"),
    ],
)
def test_coroutine_functions_are_known_as_asgiref_knows_them(function, is_coroutine):
    assert iscoroutinefunction(function) is is_coroutine
    assert theirs(function) is is_coroutine


def test_blocking_code_is_refused_inside_an_event_loop(monkeypatch):
    @async_unsafe
    def block():
        return "blocked"

    @async_unsafe("in its own words")
    def other(): ...

    async def ask(function):
        return function()

    assert block() == "blocked"
    with pytest.raises(SynchronousOnlyOperation, match="inside an event loop"):
        asyncio.run(ask(block))
    with pytest.raises(SynchronousOnlyOperation, match="in its own words"):
        asyncio.run(ask(other))
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    assert asyncio.run(ask(block)) == "blocked"
