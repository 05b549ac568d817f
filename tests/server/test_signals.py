import os
import select
import signal
import subprocess
from collections.abc import Iterator

import pytest

from penstock.server.signals import SignalQueue, hold_back, pass_over

pytestmark = pytest.mark.usefixtures("keep_process")


@pytest.fixture
def queue() -> Iterator[SignalQueue]:
    it = SignalQueue((signal.SIGUSR1, signal.SIGUSR2))
    yield it
    signal.set_wakeup_fd(-1)
    it.close()


def test_queue_without_signals_gives_none_and_does_not_wait(queue: SignalQueue) -> None:
    assert queue.take() == []
    assert not select.select([queue.fd], [], [], 0)[0]


def test_signals_are_taken_once_in_the_order_of_their_arrival(queue: SignalQueue) -> None:
    for number in (signal.SIGUSR2, signal.SIGUSR1, signal.SIGUSR2):
        os.kill(os.getpid(), number)
    assert select.select([queue.fd], [], [], 1)[0]
    assert queue.take() == [signal.SIGUSR2, signal.SIGUSR1, signal.SIGUSR2]
    assert queue.take() == []


def test_signal_that_somebody_else_handles_is_not_ours(queue: SignalQueue) -> None:
    signal.signal(signal.SIGWINCH, lambda *_: None)
    os.kill(os.getpid(), signal.SIGWINCH)
    assert queue.take() == []
    signal.signal(signal.SIGWINCH, signal.SIG_DFL)


def test_flood_of_signals_neither_blocks_nor_prints(queue: SignalQueue, capfd) -> None:
    for _ in range(70_000):
        signal.raise_signal(signal.SIGUSR1)
    assert len(queue.take()) == 4096
    assert capfd.readouterr() == ("", "")


def test_system_call_goes_on_after_a_signal(queue: SignalQueue) -> None:
    """Handlers that do nothing must not make an application's reads fail."""
    read_fd, write_fd = os.pipe()
    if not os.fork():
        signal.set_wakeup_fd(-1)
        for _ in range(20):
            os.kill(os.getppid(), signal.SIGUSR1)
        os.write(write_fd, b"x")
        os._exit(0)
    assert os.read(read_fd, 1) == b"x"
    os.wait()
    assert signal.SIGUSR1 in queue.take()
    os.close(read_fd)
    os.close(write_fd)


def test_signals_that_are_passed_over_do_nothing_here_and_end_a_program_that_is_started() -> None:
    pass_over([signal.SIGUSR1])
    os.kill(os.getpid(), signal.SIGUSR1)
    with subprocess.Popen(["sleep", "20"]) as program:
        program.send_signal(signal.SIGUSR1)
        assert program.wait(10) == -signal.SIGUSR1


def test_closed_queue_leaves_no_descriptor() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    it = SignalQueue((signal.SIGUSR1,))
    signal.set_wakeup_fd(-1)
    it.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_signal_that_is_held_back_comes_after_the_block_even_if_that_fails(queue: SignalQueue) -> None:
    def fail_while_it_waits() -> None:
        with hold_back(signal.SIGUSR1):
            signal.raise_signal(signal.SIGUSR1)  # to this thread: the process may have others
            assert queue.take() == []
            raise LookupError

    with pytest.raises(LookupError):
        fail_while_it_waits()
    assert queue.take() == [signal.SIGUSR1]


def test_deaths_of_children_come_after_the_signals_that_may_explain_them() -> None:
    queue = SignalQueue((signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2))
    for number in (signal.SIGCHLD, signal.SIGUSR2, signal.SIGCHLD, signal.SIGUSR1):
        os.kill(os.getpid(), number)
    taken = queue.take()
    signal.set_wakeup_fd(-1)
    queue.close()
    assert taken == [signal.SIGUSR2, signal.SIGUSR1, signal.SIGCHLD, signal.SIGCHLD]
