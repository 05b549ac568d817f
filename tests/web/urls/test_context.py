import contextvars
import threading

import pytest

from penstock.web.urls import (
    clear_script_prefix,
    get_script_prefix,
    get_urlconf,
    set_script_prefix,
    set_urlconf,
)


def in_fresh_context(function):
    return contextvars.Context().run(function)


def test_context_without_settings_has_the_root_and_no_urlconf():
    assert in_fresh_context(lambda: (get_script_prefix(), get_urlconf())) == ("/", None)


@pytest.mark.parametrize(("given", "kept"), [("/app", "/app/"), ("/app/", "/app/"), ("", "/")])
def test_script_prefix_always_ends_in_a_slash(given, kept):
    def ask():
        set_script_prefix(given)
        return get_script_prefix()

    assert in_fresh_context(ask) == kept


def test_cleared_script_prefix_is_the_root():
    def ask():
        set_script_prefix("/app/")
        clear_script_prefix()
        return get_script_prefix()

    assert in_fresh_context(ask) == "/"


def test_urlconf_that_is_set_to_nothing_is_the_default():
    def ask():
        set_urlconf("one")
        first = get_urlconf("default")
        set_urlconf(None)
        return first, get_urlconf("default")

    assert in_fresh_context(ask) == ("one", "default")


def test_thread_does_not_see_what_another_has_set():
    seen = []

    def ask():
        set_urlconf("mine")
        set_script_prefix("/mine/")
        thread = threading.Thread(target=lambda: seen.append((get_urlconf(), get_script_prefix())))
        thread.start()
        thread.join()

    in_fresh_context(ask)
    assert seen == [(None, "/")]
