"""utils/functional.py."""

import copy
import pickle

import pytest

from penstock.web.utils.functional import (
    LazyObject,
    Promise,
    SimpleLazyObject,
    cached_property,
    classproperty,
    empty,
    keep_lazy,
    keep_lazy_text,
    lazy,
    lazystr,
    partition,
)


class Counting:
    def __init__(self):
        self.calls = 0

    @cached_property
    def value(self):
        """What it is."""
        self.calls += 1
        return self.calls

    def plain(self):
        return "plain"

    named = cached_property(plain)


def test_a_cached_property_is_worked_out_once():
    counting = Counting()
    assert (counting.value, counting.value, counting.calls) == (1, 1, 1)
    del counting.value
    assert counting.value == 2
    assert counting.named == "plain"


def test_a_cached_property_of_the_class_is_itself():
    assert isinstance(Counting.value, cached_property)
    assert Counting.value.__doc__ == "What it is."


def test_a_cached_property_under_two_names_is_refused():
    shared = cached_property(lambda self: 1)
    with pytest.raises((TypeError, RuntimeError)):  # 3.11 wraps what __set_name__ raises
        type("Twice", (), {"one": shared, "two": shared})


def test_a_cached_property_without_a_name_is_refused():
    class Late:
        pass

    Late.value = cached_property(lambda self: 1)
    with pytest.raises(TypeError, match="has no name"):
        _ = Late().value


def test_a_class_property_is_asked_of_the_class_and_of_instances():
    class Named:
        @classproperty
        def label(cls):  # noqa: N805  # that is what it does
            return cls.__name__

    assert (Named.label, Named().label) == ("Named", "Named")
    assert classproperty().getter(lambda cls: 5).__get__(None, Named) == 5


def test_a_lazy_value_is_worked_out_at_each_use():
    calls = []
    text = lazy(lambda: calls.append(1) or f"{len(calls)}", str)()
    assert (str(text), str(text)) == ("1", "2")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda text: text + "d", "abcd"),
        (lambda text: "x" + text, "xabc"),
        (lambda text: text + lazystr("d"), "abcd"),
        (lambda text: text.upper(), "ABC"),
        (len, 3),
        (lambda text: text[1], "b"),
        (lambda text: "b" in text, True),
        (list, ["a", "b", "c"]),
        (lambda text: f"{text:>5}", "  abc"),
        (lambda text: "%s" % text, "abc"),  # noqa: UP031  # the operator is what is tested
        (lambda text: text == "abc", True),
        (lambda text: text != "abd", True),
        (lambda text: text < "abd", True),
        (lambda text: text >= "abc", True),
        (lambda text: hash(text) == hash("abc"), True),
        (lambda text: bool(lazystr("")), False),
        (repr, "'abc'"),
        (lambda text: text * 2, "abcabc"),
        (lambda text: lazystr("%s!") % "x", "x!"),
        (lambda text: min([text, lazystr("aa")]) == "aa", True),
        (lambda text: text.encode(), b"abc"),
    ],
)
def test_lazy_text_does_what_text_does(result, expected):
    assert result(lazystr("abc")) == expected


def test_lazy_values_are_of_any_class():
    assert lazy(lambda: [1, 2], list)()[1] == 2
    assert lazy(lambda: 3, int)() + 1 == 4
    assert isinstance(lazystr("x"), Promise)


def test_lazy_text_survives_pickling_and_copying():
    text = lazystr("abc")
    assert pickle.loads(pickle.dumps(text)) == "abc"
    assert copy.deepcopy(text) == "abc"
    assert copy.copy(text) == "abc"


def test_a_function_that_keeps_lazy_waits_for_lazy_arguments_alone():
    calls = []

    @keep_lazy_text
    def shout(text):
        calls.append(text)
        return text.upper()

    assert shout("a") == "A"
    later = shout(lazystr("b"))
    assert isinstance(later, Promise)
    assert len(calls) == 1
    assert later == "B"


def test_keeping_lazy_needs_a_class():
    with pytest.raises(TypeError, match="without a class"):
        keep_lazy()


class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return isinstance(other, Point) and self.x == other.x

    def __hash__(self):
        return hash(self.x)


def test_a_lazy_object_is_made_at_its_first_use():
    made = []
    point = SimpleLazyObject(lambda: made.append(1) or Point(5))
    assert not made
    assert "<SimpleLazyObject: <function" in repr(point)
    assert (point.x, point.x, len(made)) == (5, 5, 1)
    assert isinstance(point, Point)
    assert point == Point(5)
    assert point != Point(6)
    assert hash(point) == hash(5)
    assert "Point" in repr(point)


def test_a_lazy_object_passes_changes_on():
    point = Point(1)
    lazy_point = SimpleLazyObject(lambda: point)
    lazy_point.x = 7
    assert point.x == 7
    del lazy_point.x
    assert not hasattr(point, "x")
    with pytest.raises(TypeError, match="cannot lose"):
        del lazy_point._wrapped


def test_a_lazy_object_passes_operators_on():
    values = SimpleLazyObject(lambda: {"a": 1})
    values["b"] = 2
    del values["a"]
    assert (len(values), list(values), "b" in values, bool(values), values["b"]) == (1, ["b"], True, True, 2)
    assert str(SimpleLazyObject(lambda: 5)) == "5"
    assert SimpleLazyObject(lambda: 5) + 1 == 6
    assert 1 + SimpleLazyObject(lambda: 5) == 6
    assert SimpleLazyObject(lambda: 5) < 6
    assert "append" in dir(SimpleLazyObject(list))


@pytest.mark.parametrize("is_made", [False, True], ids=["before", "after"])
def test_a_lazy_object_is_copied_before_and_after_it_is_made(is_made):
    point = SimpleLazyObject(lambda: Point(3))
    if is_made:
        assert point.x == 3
    assert (
        copy.copy(point).x == copy.deepcopy(point).x == pickle.loads(pickle.dumps(Holder(point))).value.x == 3
    )


class Holder:
    def __init__(self, value):
        self.value = value

    def __reduce__(self):
        return Holder, (copy.copy(self.value)._made() if self.value._wrapped is empty else self.value,)


def test_a_lazy_object_that_does_not_say_how_it_is_made_is_refused():
    with pytest.raises(NotImplementedError, match="has no _setup"):
        _ = LazyObject().x


def test_values_are_parted_by_a_question():
    assert partition(lambda number: number > 2, [1, 3, 2, 4]) == ([1, 2], [3, 4])


def test_a_class_property_without_a_function_is_refused():
    with pytest.raises(AttributeError, match="no getter"):
        classproperty().__get__(None, Point)


class Lazily(LazyObject):
    """A lazy object of its own kind, which makes a point."""

    def _setup(self):
        self._wrapped = Point(8)


@pytest.mark.parametrize("is_made", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_lazy_object_of_its_own_kind_is_copied(is_made, copied):
    point = Lazily()
    if is_made:
        assert point.x == 8
    assert copied(point).x == 8
    assert bytes(SimpleLazyObject(lambda: b"raw")) == b"raw"
