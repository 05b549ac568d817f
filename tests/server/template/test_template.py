"""The template in a process of its own: forked here, spoken to as its master speaks."""

import contextlib
import gc
import os
import select
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from tests.server.plans import application, plan

from penstock.server.boot import BOOT_FAILED_STATUS
from penstock.server.kinship import adopt_orphans
from penstock.server.message import Message, Order, open_channel, receive_message, send_order
from penstock.server.plan import Heritage
from penstock.server.process import Identity
from penstock.server.template.template import Seat, run_template
from penstock.telemetry import Segment, Snapshot, WorkerState

pytestmark = pytest.mark.usefixtures("keep_process")

PATIENCE_S = 10
SLOT = 2


class Mould:
    """A template and the master's end of its channel."""

    def __init__(self, **options) -> None:
        assert adopt_orphans()
        self.segment = Segment.create(3, 5, 65536)
        self.channel, theirs = open_channel()
        self.lifeline_fd, self.lifeline_end = os.pipe()
        heritage = Heritage(self.segment, Identity(), [])
        self.workers: list[int] = []
        self.pid = os.fork()
        if not self.pid:
            self.channel.close()
            os.close(self.lifeline_end)
            run_template(Seat(plan(**options), heritage, SLOT, 1, theirs, self.lifeline_fd))
        theirs.close()

    def hear(self, channel=None) -> Message | None:
        channel = channel or self.channel
        assert select.select([channel], [], [], PATIENCE_S)[0]
        return receive_message(channel)

    def order(self) -> tuple[int, object]:
        """Have a worker forked and return its pid and channel."""
        ours, theirs = open_channel()
        send_order(self.channel, Order(1, 1, channel_fd=theirs.fileno()))
        theirs.close()
        hello = self.hear(ours)
        assert hello.word == b"H"
        self.workers.append(hello.pid)
        return hello.pid, ours

    def end(self) -> int:
        """Return the wait status of the template."""
        pid, self.pid = self.pid, 0
        return os.waitpid(pid, 0)[1]

    def close(self) -> None:
        for pid in [self.pid, *self.workers]:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                if pid:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
        self.channel.close()
        for fd in (self.lifeline_fd, self.lifeline_end):
            with contextlib.suppress(OSError):
                os.close(fd)
        self.segment.close()


@pytest.fixture
def make_mould() -> Iterator[Callable[..., Mould]]:
    moulds: list[Mould] = []

    def make(**options) -> Mould:
        moulds.append(Mould(**options))
        return moulds[-1]

    yield make
    for mould in moulds:
        mould.close()


def test_template_that_has_imported_says_so_and_is_seen_in_its_slot(make_mould) -> None:
    mould = make_mould()
    assert mould.hear() == Message(b"R", "", mould.pid)
    states = {worker.slot: (worker.pid, worker.state) for worker in Snapshot.take(mould.segment.fd).templates}
    assert states == {SLOT: (mould.pid, WorkerState.TEMPLATE)}


def test_template_whose_master_wants_no_more_ends(make_mould) -> None:
    mould = make_mould()
    mould.hear()
    mould.channel.close()
    assert mould.end() == 0
    assert Snapshot.take(mould.segment.fd).workers[0].state is WorkerState.GONE


def test_each_order_is_a_worker_that_is_adopted_and_has_the_templates_objects(make_mould) -> None:
    def load():
        load.pid = os.getpid()

        def app(environ, start_response):
            return application(environ, start_response)

        return app

    mould = make_mould(load=load)
    mould.hear()
    for _ in range(2):
        pid, channel = mould.order()
        assert pid not in (mould.pid, os.getpid())
        assert mould.hear(channel) == Message(b"R", "", pid)
        with open(f"/proc/{pid}/stat") as stat:
            assert int(stat.read().rpartition(")")[2].split()[1]) == os.getpid()
        channel.close()
        os.kill(pid, signal.SIGTERM)
        assert os.waitpid(pid, 0)[1] == 0
    with open(f"/proc/{mould.pid}/task/{mould.pid}/children") as children:
        assert children.read() == ""


def broken():
    raise ImportError("no module named 'shop'")


def test_template_that_cannot_import_says_why_and_ends(make_mould) -> None:
    mould = make_mould(load=broken)
    assert mould.hear() == Message(b"F", "no module named 'shop'", mould.pid)
    assert mould.end() == BOOT_FAILED_STATUS << 8


def with_a_thread():
    import threading  # noqa: PLC0415 - as an application would

    threading.Thread(target=threading.Event().wait, name="poller", daemon=True).start()
    return application


@pytest.mark.parametrize("preload", ["auto", "on"])
def test_hazards_are_told_and_end_the_template_unless_it_must(make_mould, preload) -> None:
    mould = make_mould(load=with_a_thread, preload=preload)
    told = mould.hear()
    assert told.word == b"Z"
    assert "thread 'poller' (from " in told.text
    if preload == "on":
        assert mould.hear().word == b"R"
        pid, channel = mould.order()
        assert mould.hear(channel) == Message(b"R", "", pid)
        channel.close()
    else:
        assert mould.end() == 0


def test_workers_find_the_heap_frozen(make_mould, tmp_path) -> None:
    def count() -> None:
        (tmp_path / "frozen").write_text(str(gc.get_freeze_count()))

    mould = make_mould(find_hook=lambda name: count, on_worker_start="shop:start")
    mould.hear()
    _, channel = mould.order()
    assert mould.hear(channel).word == b"R"
    channel.close()
    assert int((tmp_path / "frozen").read_text()) > 1000


def test_template_that_imports_dies_with_its_master() -> None:
    """In between stands a process that is the template's master and is killed."""
    adopt_orphans()
    told, tells = os.pipe()
    master = os.fork()
    if not master:
        Mould(load=lambda: (os.write(tells, b"%d" % os.getpid()), time.sleep(3600)))
        signal.pause()
    pid = int(os.read(told, 100))
    os.kill(master, signal.SIGKILL)
    os.waitpid(master, 0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    os.close(told)
    os.close(tells)
