import asyncio

import pytest

from penstock.web.http import HttpResponse
from penstock.web.utils.asyncio import iscoroutinefunction
from penstock.web.views.decorators.around import around, require_request


def view(request, *args, **kwargs):
    """Document me."""
    return [request, args, kwargs]


async def waiting(request, *args, **kwargs):
    return view(request, *args, **kwargs)


def call(decorated, *args, **kwargs):
    answer = decorated(*args, **kwargs)
    return asyncio.run(answer) if iscoroutinefunction(decorated) else answer


@pytest.mark.parametrize("inner", [view, waiting])
def test_view_is_called_with_its_arguments(inner):
    assert call(around(inner), "request", 1, k=2) == ["request", (1,), {"k": 2}]


@pytest.mark.parametrize("inner", [view, waiting])
def test_early_answer_takes_the_views_place(inner):
    assert (
        call(around(inner, before=lambda request, *args, **kwargs: "early", after=lambda *_: "late"), 1)
        == "early"
    )


@pytest.mark.parametrize("inner", [view, waiting])
def test_response_is_seen_and_may_be_replaced(inner):
    seen = []
    assert call(around(inner, after=lambda request, response: seen.append((request, response))), 1)[0] == 1
    assert seen == [(1, [1, (), {}])]
    assert call(around(inner, after=lambda request, response: "other"), 1) == "other"


def test_decorated_view_keeps_its_name_and_kind():
    assert (around(view).__name__, around(view).__doc__) == ("view", "Document me.")
    assert iscoroutinefunction(around(waiting))
    assert not iscoroutinefunction(around(view))


def test_method_that_was_decorated_like_a_function_is_told():
    with pytest.raises(TypeError, match="mine didn't receive an HttpRequest"):
        require_request("mine", HttpResponse())
