import functools

import pytest

from penstock.web.test import RequestFactory
from penstock.web.views.decorators.debug import (
    HIDE_ALL,
    hidden_variables,
    sensitive_post_parameters,
    sensitive_variables,
)


def plain(password): ...


async def waiting(password): ...


@pytest.mark.parametrize("function", [plain, waiting])
@pytest.mark.parametrize(("names", "hidden"), [(("password",), ("password",)), ((), HIDE_ALL)])
def test_variables_are_noted_for_the_code_of_the_function(function, names, hidden):
    assert sensitive_variables(*names)(function) is function
    assert hidden_variables(function.__code__) == hidden


def test_function_below_other_decorators_is_found():
    def inner(secret): ...

    @functools.wraps(inner)
    def outer(*args): ...

    sensitive_variables("secret")(outer)
    assert hidden_variables(inner.__code__) == ("secret",)
    assert hidden_variables(outer.__code__) is None


@pytest.mark.parametrize("decorator", [sensitive_variables, sensitive_post_parameters])
def test_decorator_without_parentheses_is_told(decorator):
    with pytest.raises(TypeError, match="must be called to use it as a decorator"):
        decorator(plain)


def test_function_not_written_in_python_is_told():
    with pytest.raises(TypeError, match="expected a function written in Python"):
        sensitive_variables("x")(len)


@pytest.mark.parametrize(("names", "hidden"), [(("card",), ("card",)), ((), HIDE_ALL)])
def test_fields_are_noted_on_the_request(names, hidden):
    request = RequestFactory().post("/")
    sensitive_post_parameters(*names)(lambda request: None)(request)
    assert request.sensitive_post_parameters == hidden


def test_method_that_was_decorated_like_a_function_is_told():
    with pytest.raises(TypeError, match="didn't receive an HttpRequest"):
        sensitive_post_parameters()(lambda self: None)(object())
