"""utils/datastructures.py."""

import copy
import pickle

import django.utils.datastructures as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.utils.datastructures import (
    CaseInsensitiveMapping,
    DictWrapper,
    ImmutableList,
    MultiValueDict,
    MultiValueDictKeyError,
    OrderedSet,
)

KEYS = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("appendlist"), KEYS, st.integers()),
        st.tuples(st.just("__setitem__"), KEYS, st.integers()),
        st.tuples(st.just("setdefault"), KEYS, st.integers()),
        st.tuples(st.just("setlist"), KEYS, st.lists(st.integers(), max_size=3)),
        st.tuples(st.just("setlistdefault"), KEYS, st.lists(st.integers(), max_size=3)),
        st.tuples(st.just("update"), st.dictionaries(KEYS, st.integers())),
        st.tuples(st.just("pop"), KEYS, st.none()),
        st.tuples(st.just("get"), KEYS, st.integers()),
        st.tuples(st.just("getlist"), KEYS),
    ),
    max_size=12,
)


@given(st.dictionaries(KEYS, st.lists(st.integers(), max_size=3)), STEPS)
def test_a_multi_value_dict_goes_djangos_way(start, steps):
    ours, expected = MultiValueDict(copy.deepcopy(start)), theirs.MultiValueDict(copy.deepcopy(start))
    for name, *arguments in steps:
        result = getattr(ours, name)(*copy.deepcopy(arguments))
        assert result == getattr(expected, name)(*copy.deepcopy(arguments))
    assert list(ours.lists()) == list(expected.lists())
    assert list(ours.items()) == list(expected.items())
    assert list(ours.values()) == list(expected.values())
    assert ours.dict() == expected.dict()


def test_a_key_that_is_not_there_is_named():
    with pytest.raises(MultiValueDictKeyError, match="x"):
        MultiValueDict({"a": [1]})["x"]


def test_an_empty_list_reads_as_an_empty_list_and_gets_as_the_default():
    values = MultiValueDict({"a": []})
    assert values["a"] == []
    assert values.get("a", "default") == "default"


def test_copies_do_not_share_lists():
    values = MultiValueDict({"a": [[1]]})
    values.copy().appendlist("a", 2)
    copy.deepcopy(values).getlist("a")[0].append(2)
    values.getlist("a").append(3)
    assert values == {"a": [[1]]}


def test_a_multi_value_dict_survives_pickling():
    values = MultiValueDict({"a": ["1", "2"]})
    values.note = "kept"
    again = pickle.loads(pickle.dumps(values))
    assert (again, again.note) == (values, "kept")


def test_updating_adds_to_what_is_there():
    values = MultiValueDict({"a": [1]})
    values.update(MultiValueDict({"a": [2, 3]}), b=4)
    values.update([("b", 5)])
    assert values == {"a": [1, 2, 3], "b": [4, 5]}
    with pytest.raises(TypeError, match="at most 1"):
        values.update({}, {})


def test_a_multi_value_dict_shows_its_lists():
    assert repr(MultiValueDict({"a": [1]})) == "<MultiValueDict: {'a': [1]}>"


def test_an_ordered_set_remembers_the_order():
    ordered = OrderedSet([3, 1, 3, 2])
    ordered.add(1)
    ordered.discard(9)
    ordered.remove(2)
    assert (list(ordered), list(reversed(ordered)), len(ordered), 3 in ordered) == ([3, 1], [1, 3], 2, True)
    assert (bool(ordered), bool(OrderedSet())) == (True, False)
    assert (repr(ordered), repr(OrderedSet())) == ("OrderedSet([3, 1])", "OrderedSet()")
    with pytest.raises(KeyError):
        ordered.remove(9)


@pytest.mark.parametrize("change", ["append", "extend", "insert", "pop", "remove", "sort", "reverse"])
def test_an_immutable_list_refuses_changes_in_its_words(change):
    with pytest.raises(AttributeError, match="not now"):
        getattr(ImmutableList([1, 2], warning="not now"), change)(1)


def test_an_immutable_list_refuses_items_and_raises_what_it_was_given():
    with pytest.raises(AttributeError, match="immutable"):
        ImmutableList([1])[0] = 2
    with pytest.raises(KeyError):
        ImmutableList([1], warning=KeyError("x")).append(1)


def test_a_dict_wrapper_hands_prefixed_keys_through_its_function():
    wrapper = DictWrapper({"a": "x"}, str.upper, "!")
    assert (wrapper["a"], wrapper["!a"]) == ("x", "X")


def test_a_case_insensitive_mapping_does_not_care_and_remembers():
    mapping = CaseInsensitiveMapping({"Content-Type": "a"})
    assert mapping["content-TYPE"] == "a"
    assert "CONTENT-type" in mapping
    assert (list(mapping), len(mapping), repr(mapping)) == (["Content-Type"], 1, "{'Content-Type': 'a'}")
    assert mapping == {"content-type": "a"}
    assert mapping != {"content-type": "b"}
    assert mapping.copy() is mapping
    assert hash(mapping) == hash(CaseInsensitiveMapping([("CONTENT-TYPE", "a")]))


@pytest.mark.parametrize(
    ("source", "message"),
    [([("a", 1, 2)], "has 3 parts"), ([(1, "a")], "expected a str")],
    ids=["triple", "number"],
)
def test_a_case_insensitive_mapping_refuses_what_are_no_pairs(source, message):
    with pytest.raises(ValueError, match=message):
        CaseInsensitiveMapping(source)
