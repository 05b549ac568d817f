import os
import select
import signal
import socket

import pytest
from tests.server.plans import wait_until

from penstock.server.address import TCPAddress
from penstock.server.listener import Listener, open_listeners
from penstock.server.master.family import Family
from penstock.server.master.handover import Handover, Inheritance
from penstock.server.message import READY, open_channel, receive_message

pytestmark = pytest.mark.usefixtures("keep_process")


@pytest.fixture
def listeners():
    opened = open_listeners([TCPAddress("127.0.0.1", 0)], 16)
    yield opened
    for listener in opened:
        listener.close()


@pytest.fixture
def handover():
    made = Handover(Family(), select.poll())
    yield made
    made._hang_up()


def reap(pid: int) -> int:
    return os.waitpid(pid, 0)[1]


def test_new_program_gets_the_sockets_and_a_channel_that_outlive_exec(handover, listeners) -> None:
    def execute(sockets, channel_fd: int) -> None:
        (fd,) = sockets.values()
        if list(sockets) == ["127.0.0.1:0"] and os.get_inheritable(fd) and os.get_inheritable(channel_fd):
            os.write(channel_fd, READY)
        os._exit(0)

    handover.begin(execute, listeners)
    pid = handover.pid
    assert handover._poll.poll(10_000)
    assert handover.is_done()
    assert handover.pid == 0
    assert not handover.is_done()
    assert reap(pid) == 0


def test_nothing_is_done_while_the_new_program_starts(handover, listeners) -> None:
    told, tells = os.pipe()
    handover.begin(lambda *_: os.read(told, 1), listeners)
    assert not handover.is_done()
    handover.begin(lambda *_: None, listeners)  # one is enough
    pid = handover.pid
    os.write(tells, b"x")
    assert reap(pid) == 70 << 8
    handover.failed(70 << 8)
    assert handover.pid == 0


def test_new_program_that_is_called_off_ends_and_its_readiness_counts_no_more(
    handover, listeners, caplog
) -> None:
    caplog.set_level("INFO")
    told, tells = os.pipe()

    def execute(_sockets, channel_fd: int) -> None:
        os.write(channel_fd, READY)
        os.write(tells, b"x")
        signal.pause()

    handover.begin(execute, listeners)
    os.read(told, 1)
    handover.call_off()
    assert not handover.is_done()
    handover.failed(reap(handover.pid))
    assert "server.handover_called_off" in caplog.text
    assert "signal=SIGTERM" in caplog.text
    assert handover.pid == 0
    handover.call_off()  # there is nothing any more
    os.close(told)
    os.close(tells)


def test_new_program_that_ends_without_a_word_is_not_done(handover, listeners, caplog) -> None:
    handover.begin(lambda *_: os._exit(3), listeners)
    pid = handover.pid
    assert reap(pid) == 3 << 8
    assert not handover.is_done()
    handover.failed(3 << 8)
    assert f"server.handover_failed successor={pid} status=3" in caplog.text


def test_process_that_cannot_be_had_is_said(handover, listeners, monkeypatch, caplog) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "resource temporarily unavailable")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "fork", refuse)
    handover.begin(lambda *_: None, listeners)
    assert "server.handover_failed error='resource temporarily unavailable'" in caplog.text
    assert len(os.listdir("/proc/self/fd")) <= before  # an earlier test may leave some to the collector


def test_process_1_is_not_replaced(handover, listeners, monkeypatch, caplog) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    handover.begin(lambda *_: os._exit(0), listeners)
    assert handover.pid == 0
    assert "server.handover_impossible" in caplog.text


def test_new_program_reports_once_and_sees_the_old_one_end() -> None:
    ours, theirs = open_channel()
    lent = Listener(socket.socket(), TCPAddress("", 1), is_lent=True)
    Inheritance({}, theirs.detach(), os.getppid()).report_ready([lent])
    assert not lent.is_lent
    lent.close()
    assert receive_message(ours).word == READY
    assert receive_message(ours) is None
    ours.close()
    fd = Inheritance({}, -1, os.getppid()).open_predecessor()
    assert not select.select([fd], [], [], 0)[0]
    os.close(fd)
    assert Inheritance({}, -1, 1 << 22).open_predecessor() == -1


def test_descriptor_of_the_predecessor_is_readable_when_it_has_ended(tmp_path) -> None:
    """In between stands the old program, whose child is the new one."""
    old = os.fork()
    if not old:
        parent = os.getpid()
        if os.fork():
            wait_until((tmp_path / "seen").exists)
            os._exit(0)
        fd = Inheritance({}, -1, parent).open_predecessor()
        (tmp_path / "seen").touch()
        if select.select([fd], [], [], 10)[0]:
            (tmp_path / "ended").touch()
        os._exit(0)
    reap(old)
    wait_until((tmp_path / "ended").exists)
