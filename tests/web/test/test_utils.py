"""Small things for tests."""

import functools
import sys
import warnings

import pytest

from penstock.web.test.utils import (
    ContextList,
    captured_stderr,
    captured_stdout,
    ignore_warnings,
    isolate_lru_cache,
    tag,
)


def test_context_list_is_asked_like_one_context():
    contexts = ContextList([{"a": 1}, {"a": 2, "b": 3}])
    assert (contexts["a"], contexts["b"], contexts[1], contexts.get("c", 0)) == (1, 3, {"a": 2, "b": 3}, 0)
    assert ("b" in contexts, "c" in contexts, contexts.keys()) == (True, False, {"a", "b"})
    with pytest.raises(KeyError, match="'c'"):
        contexts["c"]


def test_output_is_captured():
    with captured_stdout() as out, captured_stderr() as err:
        print("one")
        print("two", file=sys.stderr)
    assert (out.getvalue(), err.getvalue()) == ("one\n", "two\n")


@pytest.mark.parametrize("arguments", [{"category": UserWarning}, {"message": "part"}])
def test_warnings_are_not_heard_for_a_while(arguments):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with ignore_warnings(**arguments):
            warnings.warn("part", stacklevel=1)
        warnings.warn("later", stacklevel=1)
    assert [str(each.message) for each in heard] == ["later"]


def test_cache_is_empty_before_and_after():
    @functools.lru_cache
    def cached(x):
        return x

    cached(1)
    with isolate_lru_cache(cached):
        assert cached.cache_info().currsize == 0
        cached(2)
    assert cached.cache_info().currsize == 0


def test_tags_are_added_to_those_of_the_parents():
    parent = tag("a")(type("Parent", (), {}))
    child = tag("b", "c")(type("Child", (parent,), {}))
    assert (parent.tags, child.tags) == ({"a"}, {"a", "b", "c"})
