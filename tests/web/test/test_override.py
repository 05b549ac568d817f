"""Settings changed for one test."""

import asyncio
import unittest

import pytest

from penstock.web.conf import settings
from penstock.web.core.signals import setting_changed
from penstock.web.test import SimpleTestCase
from penstock.web.test.override import (
    TestContextDecorator,
    modify_settings,
    override_script_prefix,
    override_settings,
)
from penstock.web.urls import get_script_prefix


def test_settings_hold_for_a_block_and_not_after():
    before = settings.APPEND_SLASH
    with override_settings(APPEND_SLASH="odd"):
        assert settings.APPEND_SLASH == "odd"
        with override_settings(APPEND_SLASH="even", NEW_ONE=1):
            assert (settings.APPEND_SLASH, settings.NEW_ONE) == ("even", 1)
        assert settings.APPEND_SLASH == "odd"
    assert before == settings.APPEND_SLASH
    assert not hasattr(settings, "NEW_ONE")


def test_settings_hold_while_a_function_or_a_coroutine_runs():
    @override_settings(DEBUG="odd")
    def called(number):
        return settings.DEBUG, number

    @override_settings(DEBUG="even")
    async def awaited():
        return settings.DEBUG

    assert (called(1), asyncio.run(awaited()), settings.DEBUG) == (("odd", 1), "even", False)


def test_changes_are_told_with_their_values():
    told = []

    def hear(*, setting, value, enter, **_kwargs):
        told.append((setting, value, enter))

    setting_changed.connect(hear)
    try:
        with override_settings(DEBUG="odd"):
            pass
    finally:
        setting_changed.disconnect(hear)
    assert told == [("DEBUG", "odd", True), ("DEBUG", False, False)]


@pytest.mark.parametrize("at", [True, False])
def test_receiver_that_fails_is_heard_and_leaves_nothing_changed(at):
    def fail(*, enter, **_kwargs):
        if enter is at:
            raise ZeroDivisionError

    setting_changed.connect(fail)
    try:
        with pytest.raises(ZeroDivisionError), override_settings(DEBUG="odd"):
            pass
    finally:
        setting_changed.disconnect(fail)
    assert settings.DEBUG is False


@pytest.mark.parametrize(
    ("operations", "values"),
    [
        ({"append": "c"}, ["a", "b", "c"]),
        ({"append": ["a", "c"]}, ["a", "b", "c"]),
        ({"prepend": "c"}, ["c", "a", "b"]),
        ({"remove": ["a", "x"]}, ["b"]),
        ({"remove": "a", "append": "a"}, ["b", "a"]),
    ],
)
def test_lists_are_changed(operations, values):
    with override_settings(SOME_LIST=["a", "b"]), modify_settings(SOME_LIST=operations):
        assert values == settings.SOME_LIST


def test_operation_that_nobody_knows_is_refused():
    with (
        pytest.raises(ValueError, match="Unsupported action: twist"),
        modify_settings(SOME_LIST={"twist": "a"}),
    ):
        pass


def test_class_that_is_no_test_case_is_refused():
    with pytest.raises(ValueError, match="Only subclasses of SimpleTestCase"):
        override_settings(DEBUG=True)(unittest.TestCase)


def test_decorated_test_cases_inherit_and_override():
    @override_settings(A=1, B=1)
    @modify_settings(MIDDLEWARE={"append": "x"})
    class Parent(SimpleTestCase):
        pass

    @override_settings(B=2)
    @modify_settings(MIDDLEWARE={"append": "y"})
    class Child(Parent):
        pass

    assert Child._overridden_settings == {"A": 1, "B": 2}
    assert Child._modified_settings == [("MIDDLEWARE", {"append": "x"}), ("MIDDLEWARE", {"append": "y"})]
    assert Parent._overridden_settings == {"A": 1, "B": 1}


class Giving(TestContextDecorator):
    def enable(self):
        return "given"

    def disable(self):
        pass


def test_what_is_entered_is_given_to_functions_and_test_cases():
    assert Giving(kwarg_name="thing")(lambda thing: thing)() == "given"

    @Giving(attr_name="thing")
    class Case(unittest.TestCase):
        def setUp(self):
            seen.append(self.thing)

        def test_nothing(self):
            pass

    seen = []
    unittest.TestSuite([Case("test_nothing")]).run(unittest.TestResult())
    assert seen == ["given"]


@pytest.mark.parametrize("decorated", [5, int])
def test_what_cannot_be_decorated_is_refused(decorated):
    with pytest.raises(TypeError, match=r"Can only decorate|Cannot decorate"):
        Giving()(decorated)
    with pytest.raises(NotImplementedError):
        TestContextDecorator().enable()
    with pytest.raises(NotImplementedError):
        TestContextDecorator().disable()


def test_script_prefix_holds_for_a_block():
    before = get_script_prefix()
    with override_script_prefix("/shop/"):
        assert get_script_prefix() == "/shop/"
    assert get_script_prefix() == before
