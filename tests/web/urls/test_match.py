import functools
import pickle

import pytest

from penstock.web.urls.match import ResolverMatch, join_route, view_path


def view(request): ...


def made(**given):
    values = {"func": view, "args": (), "kwargs": {}, **given}
    return ResolverMatch(**values)


def test_match_unpacks_into_view_and_arguments():
    func, args, kwargs = made(args=(1,), kwargs={"a": 2})
    assert (func, args, kwargs) == (view, (1,), {"a": 2})
    assert made(args=(1,))[1] == (1,)


def test_names_are_joined_by_colons():
    match = made(url_name="detail", app_names=["shop", None, "items"], namespaces=["main", "", "items"])
    assert (match.app_names, match.app_name) == (["shop", "items"], "shop:items")
    assert (match.namespaces, match.namespace) == (["main", "items"], "main:items")
    assert match.view_name == "main:items:detail"


def test_view_without_a_name_is_known_by_its_path():
    assert made(namespaces=["main"]).view_name == f"main:{view.__module__}.view"


class Callable:
    def __call__(self, request): ...


@pytest.mark.parametrize(
    ("func", "expected"),
    [
        pytest.param(Callable(), "Callable", id="object"),
        pytest.param(functools.partial(view), "partial", id="partial"),
        pytest.param(view, "view", id="function"),
    ],
)
def test_view_is_called_after_its_function_or_class(func, expected):
    assert view_path(func).rpartition(".")[2] == expected


def test_view_of_a_class_is_called_after_the_class():
    func = functools.partial(view)
    func.view_class = Callable
    assert view_path(func).endswith(".Callable")


def test_repr_shows_captured_and_extra_arguments_only_where_there_are_some():
    assert repr(made(route="a/")) == (
        f"ResolverMatch(func={view.__module__}.view, args=(), kwargs={{}}, url_name=None, app_names=[], "
        "namespaces=[], route='a/')"
    )
    assert "captured_kwargs={'a': 1}, extra_kwargs={'b': 2})" in repr(
        made(captured_kwargs={"a": 1}, extra_kwargs={"b": 2})
    )


def test_repr_of_a_partial_shows_what_it_is_made_of():
    assert "functools.partial(" in repr(made(func=functools.partial(view, None)))


def test_match_cannot_be_pickled():
    with pytest.raises(pickle.PicklingError, match=r"Cannot pickle ResolverMatch\."):
        pickle.dumps(made())


def test_tried_is_what_was_given_or_nothing():
    assert made(tried=[["a"]]).tried == [["a"]]
    assert made().tried is None


@pytest.mark.parametrize(
    ("routes", "joined"), [(["a/", "^b/$"], "a/b/$"), (["^a/", "^b"], "^a/b"), (["", "^b"], "^b"), ([], "")]
)
def test_joined_route_drops_inner_carets(routes, joined):
    assert join_route(routes) == joined
