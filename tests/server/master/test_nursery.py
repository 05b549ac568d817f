"""The nursery, with real processes."""

import contextlib
import errno
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from tests.server.plans import ChildError, is_open, plan

from penstock.server.address import TCPAddress
from penstock.server.listener import open_listeners
from penstock.server.master import nursery as nursery_module
from penstock.server.master.family import Family
from penstock.server.master.nursery import (
    GenerationFailed,
    GenerationImported,
    Nursery,
    TemplateExited,
    WorkerBorn,
    WorkerFailed,
    WorkerNotBorn,
    WorkerReady,
)
from penstock.server.master.roster import ImportGeneration, StartWorker
from penstock.server.message import HELLO, Message
from penstock.server.plan import Heritage
from penstock.server.process import Identity
from penstock.telemetry import Segment
from penstock.telemetry.memory import stack as stack_module

pytestmark = pytest.mark.usefixtures("keep_process")

PATIENCE_S = 10


class Ward:
    """A nursery and what a master would hold of it."""

    def __init__(self, **options) -> None:
        self.segment = Segment.create(5, 5, 65536)
        self.listeners = open_listeners([TCPAddress("127.0.0.1", 0)], 16)
        self.family = Family()
        self.poll = select.poll()
        self.plan = plan(**options)
        heritage = Heritage(self.segment, Identity(), self.listeners)
        self.nursery = Nursery(self.family, heritage, self.poll)
        self.pids: set[int] = set()

    def prepare(self) -> bool:
        return self.nursery.prepare(ImportGeneration(4, 1), self.plan)

    @property
    def template(self) -> int:
        return self.nursery._broods[1].pid

    def start(self) -> int:
        pid = self.nursery.start(StartWorker(1, 1))
        if pid:
            self.pids.add(pid)
        return pid

    def hear(self, count: int = 1) -> list[object]:
        """Wait for so many words, or for an end of a channel without one."""
        words: list[object] = []
        give_up_s = time.monotonic() + PATIENCE_S
        while len(words) < count:
            assert time.monotonic() < give_up_s, words
            assert self.poll.poll(PATIENCE_S * 1000)
            words += self.nursery.listen()
        self.pids |= {word.pid for word in words if isinstance(word, WorkerBorn)}
        return words

    def reap(self, pid: int) -> list[object]:
        _, wait_status = os.waitpid(pid, 0)
        return list(self.nursery.reaped(pid, wait_status))

    def close(self) -> None:
        self.pids |= {brood.pid for brood in self.nursery._broods.values() if brood.pid}
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        for speaker in list(self.nursery._speakers.values()):
            self.nursery._forget(speaker.channel)
        for listener in self.listeners:
            listener.close()
        for fd in [*self.family.private_fds, self.nursery._lifeline_fd]:
            with contextlib.suppress(OSError):
                os.close(fd)
        self.segment.close()


@pytest.fixture
def make_ward() -> Iterator[Callable[..., Ward]]:
    wards: list[Ward] = []

    def make(**options) -> Ward:
        wards.append(Ward(**options))
        return wards[-1]

    yield make
    for ward in wards:
        ward.close()


@pytest.fixture
def make_plain(make_ward) -> Callable[..., Ward]:
    """Make a ward whose workers import by themselves."""

    def make(**options) -> Ward:
        ward = make_ward(preload="off", **options)
        assert not ward.prepare()
        return ward

    return make


def broken():
    raise ImportError("no module named 'shop'")


# Without a template


def test_worker_that_boots_is_heard_once(make_plain) -> None:
    ward = make_plain()
    pid = ward.start()
    assert ward.hear() == [WorkerReady(pid)]
    assert ward.poll.poll(0) == []
    assert list(ward.nursery.listen()) == []


def test_worker_that_cannot_boot_says_why(make_plain) -> None:
    ward = make_plain(load=broken)
    pid = ward.start()
    assert ward.hear() == [WorkerFailed(pid, "no module named 'shop'")]


def test_worker_that_dies_without_a_word_says_nothing(make_plain) -> None:
    ward = make_plain(load=lambda: os._exit(7))
    os.waitpid(ward.start(), 0)
    assert list(ward.nursery.listen()) == []
    assert ward.nursery._speakers == {}


def refuse() -> int:
    raise BlockingIOError(errno.EAGAIN, "resource temporarily unavailable")


@pytest.mark.parametrize("step", ["prepare", "start"])
def test_process_that_cannot_be_forked_leaves_no_descriptor(make_ward, monkeypatch, step) -> None:
    ward = make_ward(preload="on" if step == "prepare" else "off")
    if step == "start":
        ward.prepare()
    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", refuse)
        for _ in range(3):
            with pytest.raises(BlockingIOError):
                getattr(ward, step)()
    assert len(os.listdir("/proc/self/fd")) <= before  # an earlier test may leave some to the collector
    assert list(ward.nursery.listen()) == []


def test_worker_begins_with_its_own_end_of_the_channel_only(make_plain, monkeypatch) -> None:
    ward = make_plain()
    seen = []

    def run(assignment) -> None:
        seen.append(
            (assignment.order.slot, assignment.order.generation, is_open(assignment.order.channel_fd))
        )
        seen.append([is_open(fd) for fd in ward.family.private_fds])
        raise ChildError

    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(nursery_module, "run_worker", run)
    with pytest.raises(ChildError):
        ward.start()
    assert seen == [(1, 1, True), [False, False]]


@pytest.mark.parametrize("name", ["adopt_orphans", "can_look"])
def test_machine_without_prctl_or_proc_has_each_worker_import(make_ward, monkeypatch, caplog, name) -> None:
    monkeypatch.setattr(nursery_module, name, lambda: False)
    assert not make_ward(preload="on").prepare()
    assert "template.impossible" in caplog.text


# With a template


def test_workers_of_a_template_are_children_of_the_master_and_named_by_the_kernel(make_ward) -> None:
    ward = make_ward()
    assert ward.prepare()
    assert ward.hear() == [GenerationImported(1, is_kept=True)]
    assert ward.start() == 0
    born, ready = ward.hear(2)
    assert born.command == StartWorker(1, 1)
    assert ready == WorkerReady(born.pid)
    with open(f"/proc/{born.pid}/stat") as stat:
        assert int(stat.read().rpartition(")")[2].split()[1]) == os.getpid()
    os.kill(born.pid, signal.SIGTERM)
    assert os.waitpid(born.pid, 0) == (born.pid, 0)


def test_template_that_cannot_import_says_why_and_frees_its_slot(make_ward) -> None:
    ward = make_ward(load=broken)
    ward.prepare()
    pid = ward.template
    assert ward.hear() == [GenerationFailed(1, "no module named 'shop'")]
    assert ward.reap(pid) == [TemplateExited(1, 4)]


def test_template_that_dies_while_it_imports_is_a_failure(make_ward) -> None:
    ward = make_ward(load=lambda: os._exit(9))
    ward.prepare()
    exited, failed = ward.reap(ward.template)
    assert exited == TemplateExited(1, 4)
    assert failed == GenerationFailed(1, "template status=9 while it imported the application")


def load_with_a_socket():
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    load_with_a_socket.kept = server, client
    return plan().load()


@pytest.mark.parametrize(
    ("preload", "is_kept"), [pytest.param("auto", False, id="auto"), pytest.param("on", True, id="on")]
)
def test_hazards_are_named_and_obeyed_unless_the_operator_insists(
    make_ward, caplog, preload, is_kept
) -> None:
    ward = make_ward(load=load_with_a_socket, preload=preload)
    ward.prepare()
    assert ward.hear() == [GenerationImported(1, is_kept=is_kept)]
    assert caplog.text.count("template.hazards") == 1
    assert "connection to 127.0.0.1:" in caplog.text
    assert f"test_nursery.py:{load_with_a_socket.__code__.co_firstlineno + 2}" in caplog.text
    ward.start()
    *_, ready = ward.hear(2 if is_kept else 1)
    assert isinstance(ready, WorkerReady)


def test_workers_outlive_their_template_and_the_next_ones_import_by_themselves(make_ward, caplog) -> None:
    ward = make_ward()
    ward.prepare()
    ward.hear()
    ward.start()
    first, _ = ward.hear(2)
    template = ward.template
    os.kill(template, signal.SIGKILL)
    assert ward.reap(template) == [TemplateExited(1, 4)]
    assert "signal=SIGKILL: its workers will import by themselves" in caplog.text
    os.kill(first.pid, 0)
    second = ward.start()
    assert second
    assert ward.hear() == [WorkerReady(second)]


def test_order_that_a_dying_template_did_not_take_is_told(make_ward) -> None:
    ward = make_ward()
    ward.prepare()
    ward.hear()
    os.kill(ward.template, signal.SIGSTOP)
    ward.start()
    os.kill(ward.template, signal.SIGKILL)
    assert WorkerNotBorn(StartWorker(1, 1)) in ward.hear()


def test_dismissed_template_goes_without_a_word(make_ward, caplog) -> None:
    ward = make_ward()
    ward.prepare()
    ward.hear()
    pid = ward.template
    ward.nursery.dismiss(1)
    assert ward.reap(pid) == [TemplateExited(1, 4)]
    ward.nursery.dismiss(1)  # it has gone
    assert not caplog.records


def test_generation_without_a_template_is_dismissed_by_forgetting_it(make_plain) -> None:
    ward = make_plain()
    ward.nursery.dismiss(1)
    assert ward.nursery._broods == {}


def test_death_of_a_stranger_means_nothing(make_ward) -> None:
    assert list(make_ward().nursery.reaped(1, 0)) == []


# Errands


@pytest.mark.parametrize("preload", ["auto", "off"])
def test_ready_hook_is_called_in_a_process_of_its_own(make_ward, tmp_path, preload) -> None:
    def find_hook(_name):
        return lambda: (tmp_path / "ready").write_text(str(os.getpid()))

    ward = make_ward(find_hook=find_hook, on_ready="shop:ready", preload=preload)
    if ward.prepare():
        ward.hear()
    ward.nursery.call_ready_hook(1)
    while ward.nursery._speakers.keys() - {brood_fd(ward)}:
        assert ward.poll.poll(PATIENCE_S * 1000)
        assert list(ward.nursery.listen()) == []
    pid = int((tmp_path / "ready").read_text())
    assert pid not in (os.getpid(), ward.template)
    assert os.waitpid(pid, 0)[1] == 0


def brood_fd(ward) -> int:
    channel = ward.nursery._broods[1].channel
    return channel.fileno() if channel else -1


def test_ready_hook_that_fails_is_logged_with_its_traceback(make_plain, caplog) -> None:
    def fail() -> None:
        raise OSError("nobody to tell")

    ward = make_plain(find_hook=lambda name: fail, on_ready="shop:ready")
    ward.nursery.call_ready_hook(1)
    while ward.nursery._speakers:
        assert ward.poll.poll(PATIENCE_S * 1000)
        assert list(ward.nursery.listen()) == []
    assert "template.hook_failed hook=on_ready generation=1" in caplog.text
    assert "on_ready 'shop:ready' failed: OSError: nobody to tell\nTraceback" in caplog.text
    os.wait()


def test_ready_hook_that_does_not_return_ends_with_the_server(make_plain, caplog) -> None:
    ward = make_plain(find_hook=lambda name: signal.pause, on_ready="shop:ready")
    ward.nursery.call_ready_hook(1)
    while not next(iter(ward.nursery._speakers.values())).pid:
        assert list(ward.nursery.listen()) == []
    ward.nursery.stop_errands()
    assert os.wait()[1] == signal.SIGKILL
    assert list(ward.nursery.listen()) == []
    assert "template.hook_cut hook=on_ready" in caplog.text


def test_generation_without_a_ready_hook_forks_nobody(make_plain) -> None:
    ward = make_plain()
    ward.nursery.call_ready_hook(1)
    assert ward.nursery._speakers == {}


def test_ready_hook_for_which_there_is_no_process_is_said(make_plain, monkeypatch, caplog) -> None:
    ward = make_plain(find_hook=lambda name: None, on_ready="shop:ready")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", refuse)
        ward.nursery.call_ready_hook(1)
    assert "template.hook_failed hook=on_ready generation=1: resource temporarily unavailable" in caplog.text


def test_template_that_bears_one_after_the_other_has_its_time_for_each(make_ward) -> None:
    ward = make_ward()
    ward.prepare()
    ward.hear()
    template = ward.template
    os.kill(template, signal.SIGSTOP)
    ward.start()
    ward.start()
    first, second = ward.nursery._births()
    first.asked_s = second.asked_s = time.monotonic() - 2 * nursery_module.BIRTH_S
    list(ward.nursery._hear_worker(first, Message(HELLO, pid=os.getpid())))
    assert list(ward.nursery.give_up_the_stuck(time.monotonic())) == []
    assert ward.template == template


def test_boot_of_a_worker_is_not_given_more_time_by_those_that_are_born_after_it(make_ward) -> None:
    ward = make_ward()
    ward.prepare()
    ward.hear()
    os.kill(ward.template, signal.SIGSTOP)
    ward.start()
    ward.start()
    first, second = ward.nursery._births()
    list(ward.nursery._hear_worker(first, Message(HELLO, pid=os.getpid())))
    begun_s = first.asked_s
    list(ward.nursery._hear_worker(second, Message(HELLO, pid=os.getpid())))
    assert first.asked_s == begun_s
    assert second.asked_s > begun_s


@pytest.fixture
def patient_reader(monkeypatch) -> None:
    """Let a stack have all the time that a busy machine needs to write it."""
    monkeypatch.setattr(stack_module, "FIRST_WAIT_MS", PATIENCE_S * 1000)


def hang_after_telling(tells: int) -> Callable[[], None]:
    def load() -> None:
        os.write(tells, b"!")
        time.sleep(3600)

    return load


@pytest.mark.usefixtures("patient_reader")
def test_import_that_does_not_end_is_given_up_and_says_where_it_stands(make_ward, caplog) -> None:
    told, tells = os.pipe()
    ward = make_ward(load=hang_after_telling(tells), boot_timeout_s=300)
    ward.prepare()
    template = ward.template
    assert os.read(told, 1)
    now_s = time.monotonic()
    assert list(ward.nursery.give_up_the_stuck(now_s + 290)) == []
    (word,) = ward.nursery.give_up_the_stuck(now_s + 301)
    assert isinstance(word, GenerationFailed)
    *stack, line = word.reason.splitlines()
    assert any("in load" in frame for frame in stack)
    assert not [frame for frame in stack if "/penstock/" in frame]
    assert line == "the application was not imported within 300 s (boot_timeout_s)"
    assert list(ward.nursery.give_up_the_stuck(now_s + 302)) == []  # said once
    assert ward.reap(template) == [TemplateExited(1, 4)]
    assert "template.exited" not in caplog.text


@pytest.mark.usefixtures("patient_reader")
def test_worker_that_does_not_become_ready_is_named_with_where_it_stands(make_plain) -> None:
    told, tells = os.pipe()
    ward = make_plain(load=hang_after_telling(tells), boot_timeout_s=300)
    pid = ward.start()
    assert os.read(told, 1)
    now_s = time.monotonic()
    assert list(ward.nursery.give_up_the_stuck(now_s + 290)) == []
    (word,) = ward.nursery.give_up_the_stuck(now_s + 301)
    assert (type(word), word.pid, word.is_hung) == (WorkerFailed, pid, True)
    *stack, line = word.reason.splitlines()
    assert any("in load" in frame for frame in stack)
    assert line == "it was not ready within 300 s (boot_timeout_s)"
    assert list(ward.nursery.give_up_the_stuck(now_s + 302)) == []


def test_worker_that_boots_when_its_generation_is_dismissed_is_not_given_up(make_plain) -> None:
    told, tells = os.pipe()
    ward = make_plain(load=hang_after_telling(tells), boot_timeout_s=300)
    ward.start()
    assert os.read(told, 1)
    ward.nursery.dismiss(1)
    assert list(ward.nursery.give_up_the_stuck(time.monotonic() + 301)) == []


@pytest.mark.parametrize("preload", ["auto", "off"])
def test_boot_without_a_limit_takes_as_long_as_it_takes(make_ward, preload) -> None:
    told, tells = os.pipe()
    ward = make_ward(load=hang_after_telling(tells), boot_timeout_s=0, preload=preload)
    if not ward.prepare():
        ward.start()
    assert os.read(told, 1)
    assert list(ward.nursery.give_up_the_stuck(time.monotonic() + 1e6)) == []


def test_template_that_bears_nobody_is_killed_and_the_worker_wanted_again(make_ward, caplog) -> None:
    ward = make_ward()
    ward.prepare()
    ward.hear()
    template = ward.template
    os.kill(template, signal.SIGSTOP)
    ward.start()
    now_s = time.monotonic()
    assert list(ward.nursery.give_up_the_stuck(now_s + nursery_module.BIRTH_S - 1)) == []
    assert list(ward.nursery.give_up_the_stuck(now_s + nursery_module.BIRTH_S + 1)) == [
        WorkerNotBorn(StartWorker(1, 1))
    ]
    assert "template.stuck generation=1" in caplog.text
    assert ward.reap(template) == [TemplateExited(1, 4)]
    second = ward.start()
    assert second  # it imports by itself
    assert ward.hear() == [WorkerReady(second)]
