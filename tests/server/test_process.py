import os
import random
import signal
import sys
from types import ModuleType

import pytest

from penstock.server.process import Identity, IdentityError, forget_parent, parse_identity


def in_child(call) -> int:
    """Run `call` in a forked child and return what it returned, 0 to 200; 255 = it raised."""
    pid = os.fork()
    if not pid:
        status = 255
        try:
            status = call()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_empty_words_change_nothing() -> None:
    assert parse_identity("", "", "") == Identity()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(("no-such-user", "", ""), "user 'no-such-user'", id="user"),
        pytest.param(("", "no-such-group", ""), "group 'no-such-group'", id="group"),
        pytest.param(("", "", "9"), "umask '9'; expected octal digits", id="umask-not-octal"),
        pytest.param(("", "", "7777"), "umask '7777'", id="umask-too-large"),
    ],
)
def test_word_that_names_nothing_is_refused(words: tuple[str, str, str], expected: str) -> None:
    with pytest.raises(IdentityError, match=expected):
        parse_identity(*words)


def test_umask_is_octal() -> None:
    assert parse_identity("", "", "027").umask == 0o27


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_becomes_the_user_with_its_groups_and_cannot_go_back() -> None:
    def become_nobody() -> int:
        parse_identity("nobody", "", "077").assume()
        entry = [os.getuid(), os.geteuid()]
        try:
            os.setuid(0)
        except PermissionError:
            return int(0 not in entry and 0 not in os.getgroups() and os.umask(0) == 0o77)
        return 0

    assert in_child(become_nobody) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_bare_numbers_are_enough_for_root() -> None:
    identity = parse_identity("54321", "54322", "")

    def become() -> int:
        identity.assume()
        return int((os.getuid(), os.getgid(), os.getgroups()) == (54321, 54322, []))

    assert in_child(become) == 1


def test_changing_the_user_without_root_is_refused_at_start() -> None:
    def try_as_nobody() -> int:
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            parse_identity("0", "", "")
        except IdentityError as error:
            return int("expected to be started as root" in str(error))
        return 0

    assert in_child(try_as_nobody) == 1


def test_bare_number_of_a_user_keeps_no_group_of_ours() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")

    def become() -> int:
        os.setgroups([4, 5])
        parse_identity("54321", "", "").assume()
        return int((os.getuid(), os.getgroups()) == (54321, []))

    assert in_child(become) == 1


def test_generator_of_numpy_is_seeded_again_where_it_was_imported_and_not_imported_for_that(
    monkeypatch,
) -> None:
    seeded = []
    generator = ModuleType("numpy.random")
    generator.seed = lambda: seeded.append(True)

    class Lazy(ModuleType):
        def __getattr__(self, name):
            os._exit(9)

    def forget() -> int:
        monkeypatch.setitem(sys.modules, "numpy", Lazy("numpy"))
        forget_parent(-1)
        monkeypatch.setitem(sys.modules, "numpy.random", generator)
        forget_parent(-1)
        return len(seeded)

    assert in_child(forget) == 1


def test_child_forgets_handlers_masks_and_random_state_of_its_parent() -> None:
    random.seed(1)
    expected = random.Random(1).random()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})

    def forget() -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        forget_parent(-1)
        is_default = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        return int(
            is_default and not signal.pthread_sigmask(signal.SIG_BLOCK, ()) and random.random() != expected
        )

    try:
        assert in_child(forget) == 1
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
