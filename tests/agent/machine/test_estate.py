"""The door of a machine's agent: masters that come, go, die, and clients that are none."""

import contextlib
import json
import os
import select
import socket

import pytest

from penstock.agent.agent import Agent
from penstock.agent.crew import Crew
from penstock.agent.machine.admission import House, Peer
from penstock.agent.machine.estate import (
    GREETING_S,
    MAX_CLIENTS,
    MAX_GUEST_CLIENTS,
    MAX_GUEST_SLOTS,
    ORPHAN_S,
    Estate,
)
from penstock.agent.metrics import BOUNDS_S, Gatherer, Slowness
from penstock.telemetry.enrolment import Enrolment, Word, receive_message, send_message
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.scoreboard import WorkerState
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.writing.recorder import Recorder


class Machine:
    """An agent with a door, turned by hand."""

    def __init__(self, path, now, house):
        self.path = path
        self.now = now
        self.said = []
        self.gatherer = Gatherer()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self.listener.bind(str(path))
        self.listener.listen(MAX_CLIENTS * 2)
        self.estate = Estate(self.listener, house, self.note, now)
        slowness = Slowness(BOUNDS_S)
        crew = Crew([slowness, self.estate])
        self.agent = Agent(select.poll(), crew, self.note, now, expel=self.estate.expel)
        self.estate.settle(self.agent, crew, self.gatherer, slowness)

    def note(self, notice):
        self.said.append(notice.message)

    def measured(self):
        """Applications that something is measured of."""
        samples = (sample for family in self.gatherer.gather() for sample in family.samples)
        return {value for sample in samples for name, value in sample.labels if name == "application"}

    def turn(self, times=3):
        for _ in range(times):
            self.agent.step()
            self.agent.wait()

    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(str(self.path))
        sock.setblocking(False)
        return sock

    def enrol(self, segment, ops=None, **logs):
        sock = self.connect()
        fds = [segment.fd, segment.wake_fd, 1, 2, *([ops.fileno()] if ops else [])]
        send_message(sock, Word.ENROL, Enrolment("shop", 4, logs, ops is not None).to_text(), fds)
        self.turn()
        return sock

    def counts(self):
        return {key: value for key, value in self.estate.report().items() if value}


@pytest.fixture
def machine(tmp_path, now, segment):
    made = Machine(tmp_path / "s", now, House(os.geteuid()))
    yield made
    made.agent.close()


@pytest.fixture
def logs(tmp_path):
    return {"access_log": str(tmp_path / "access.log"), "error_log": str(tmp_path / "error.log")}


def lines(logs):
    with open(logs["access_log"]) as file:
        return file.read().splitlines()


def record(segment, finished, count=1):
    recorder = Recorder(segment, 1, wait=lambda _: None)
    for _ in range(count):
        recorder.access(finished())


def set_state(segment, state):
    segment.words[segment.layout.slot_word(1) + layout.STATE] = state


def answer(sock):
    """What the agent says; None = it has closed."""
    message = receive_message(sock)
    return message and (message.word, message.text)


# Coming and going


def test_master_that_enrols_is_admitted_and_drained(machine, segment, finished, logs):
    with machine.enrol(segment, **logs) as master:
        assert answer(master) == (Word.ADMITTED, "")
        record(segment, finished, 5)
        machine.turn()
        assert len(lines(logs)) == 5
        assert machine.counts() == {"enrolled": 1, "admitted": 1}
        (tenant,) = machine.agent.tenants
        assert machine.estate.describe(tenant) == {
            "master_pid": os.getpid(),
            "uid": os.geteuid(),
            "stage": "enrolled",
        }
        assert machine.measured() == {"shop"}


def test_two_masters_are_drained_each_to_its_own_logs(machine, segment, finished, tmp_path):
    other = Segment.create(slots=3, threads=2, ring_bytes=65536)
    paths = [{"access_log": str(tmp_path / name)} for name in ("first", "second")]
    with machine.enrol(segment, **paths[0]), machine.enrol(other, **paths[1]):
        record(segment, finished, 3)
        record(other, finished, 4)
        machine.turn()
        assert [len(lines(each)) for each in paths] == [3, 4]
    machine.agent.close()
    other.close()


def test_master_that_asks_to_be_released_is_written_out_then_let_go(machine, segment, finished, logs):
    before = set(os.listdir("/proc/self/fd"))
    with machine.enrol(segment, **logs) as master:
        answer(master)
        record(segment, finished, 5)
        send_message(master, Word.RELEASE)
        machine.turn()
        assert answer(master) is None
        assert len(lines(logs)) == 5
    assert machine.counts() == {"admitted": 1}
    assert (machine.agent.tenants, machine.measured()) == ((), set())
    assert set(os.listdir("/proc/self/fd")) <= before  # those of tests before may be collected meanwhile


def test_stalled_output_holds_a_release_up_for_two_seconds(machine, segment, finished, now):
    with machine.enrol(segment, access_log="/dev/full") as master:
        answer(master)
        record(segment, finished)
        send_message(master, Word.RELEASE)
        machine.turn()
        assert machine.counts() == {"leaving": 1, "admitted": 1}
        now.pass_s(2.5)
        machine.turn()
        assert answer(master) is None
    assert segment.words[layout.AGENT_DISCARDED_WORD] == 1


def test_dead_masters_workers_are_written_until_they_are_gone(machine, segment, finished, logs, now):
    set_state(segment, WorkerState.READY)
    machine.enrol(segment, **logs).close()
    machine.turn()
    now.pass_s(1.1)
    record(segment, finished, 2)
    machine.turn()
    assert (len(lines(logs)), machine.counts()["orphaned"]) == (2, 1)
    record(segment, finished)
    set_state(segment, WorkerState.GONE)
    now.pass_s(1.1)
    machine.turn()
    assert (len(lines(logs)), machine.counts()) == (3, {"admitted": 1})


def test_workers_that_outlive_their_master_are_written_for_three_seconds(machine, segment, logs, now):
    set_state(segment, WorkerState.READY)
    machine.enrol(segment, **logs).close()
    machine.turn()
    assert machine.counts()["orphaned"] == 1
    now.pass_s(ORPHAN_S + 0.1)
    machine.turn()
    assert machine.counts() == {"admitted": 1}


def test_logs_are_opened_anew_when_their_master_says_so(machine, segment, logs):
    with machine.enrol(segment, **logs) as master:
        os.rename(logs["access_log"], logs["access_log"] + ".1")
        send_message(master, Word.REOPEN)
        machine.turn()
        assert os.path.exists(logs["access_log"])


def test_ops_port_of_a_master_is_answered(machine, segment, logs):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with (
            machine.enrol(segment, listener, **logs),
            socket.create_connection(listener.getsockname()) as client,
        ):
            client.settimeout(20)
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(4096).endswith(b"alive\n")
            machine.agent.close()


def test_two_servers_of_one_name_stand_on_metrics_beside_each_other(machine, segment):
    other = Segment.create(slots=3, threads=2, ring_bytes=65536)
    with machine.enrol(segment), machine.enrol(other):
        assert machine.measured() == {"shop", "shop:2"}
        who = f"shop (pid {os.getpid()})"
        assert f"{who} stands on /metrics as 'shop:2': another server has its name" in machine.said
        machine.agent.close()
    other.close()


def test_server_that_comes_back_before_its_predecessor_is_forgotten_has_its_name(machine, segment):
    set_state(segment, WorkerState.READY)
    machine.enrol(segment).close()
    machine.turn()
    assert (machine.counts()["orphaned"], machine.measured()) == (1, {"shop"})
    successor = Segment.create(slots=3, threads=2, ring_bytes=65536)
    with machine.enrol(successor):
        assert machine.counts()["orphaned"] == 1
        assert machine.measured() == {"shop"}
        assert machine.gatherer.clashed_count == 0
        machine.agent.close()
    successor.close()


# Those that are not taken


def test_the_same_memory_is_not_drained_twice(machine, segment, logs):
    with machine.enrol(segment, **logs), machine.enrol(segment, access_log="off", error_log="off") as second:
        assert answer(second) == (Word.REFUSED, "this memory is drained already")
        assert len(machine.agent.tenants) == 1


def test_the_same_file_is_not_written_for_two_masters(machine, segment, logs):
    other = Segment.create(slots=3, threads=2, ring_bytes=65536)
    with machine.enrol(segment, **logs), machine.enrol(other, access_log=logs["error_log"]) as second:
        word, reason = answer(second)
        assert (word, reason.endswith(f"is written for shop (pid {os.getpid()}) already")) == (
            Word.REFUSED,
            True,
        )
    other.close()


def as_guest(monkeypatch, uid=4000):
    """Have the door take everybody for another user."""
    monkeypatch.setattr(Peer, "of", classmethod(lambda cls, sock: cls(77, uid, frozenset())))


@pytest.fixture
def inn(tmp_path, now):
    """An agent that lets user 4000 in."""
    made = Machine(tmp_path / "inn", now, House(os.geteuid() + 1, uids=frozenset({4000})))
    yield made
    made.agent.close()


def test_guest_with_more_slots_than_anybody_needs_is_refused(inn, monkeypatch):
    as_guest(monkeypatch)
    large = [Segment.create(slots=MAX_GUEST_SLOTS // 2, threads=1, ring_bytes=65536) for _ in range(3)]
    logs = {"access_log": "off", "error_log": "off"}
    with inn.enrol(large[0], **logs), inn.enrol(large[1], **logs), inn.enrol(large[2], **logs) as third:
        assert len(inn.agent.tenants) == 2
        assert answer(third) == (
            Word.REFUSED,
            f"{MAX_GUEST_SLOTS // 2 * 3} slots of user 4000; expected {MAX_GUEST_SLOTS} at most",
        )
        inn.agent.close()
    for segment in large:
        segment.close()


def test_guest_with_many_connections_keeps_nobody_out(inn, monkeypatch):
    as_guest(monkeypatch)
    with contextlib.ExitStack() as crowd:
        clients = [crowd.enter_context(inn.connect()) for _ in range(MAX_GUEST_CLIENTS + 1)]
        inn.turn(MAX_GUEST_CLIENTS + 3)
        assert answer(clients[-1]) == (Word.REFUSED, "user 4000 has 32 connections already")
        assert inn.counts() == {"new": MAX_GUEST_CLIENTS, "refused": 1}
        inn.agent.close()


def test_refused_connections_by_the_thousand_are_some_lines(machine, now):
    for _ in range(100):
        with machine.connect() as sock:
            sock.send(b"nonsense")
            machine.turn()
    now.pass_s(60)
    machine.turn()
    assert machine.counts() == {"refused": 100}
    assert len(machine.said) == 11
    assert machine.said[-1] == "90 more were refused within 60 s"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_stranger_is_told_so_and_shown_out(now):
    machine = Machine(f"\0penstock-test-{os.getpid()}", now, House(12344))
    pid = os.fork()
    if not pid:
        status = 1
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setresgid(12345, 12345, 12345)
            os.setresuid(12345, 12345, 12345)
            sock = machine.connect()
            select.select([sock], [], [], 20)
            status = 0 if answer(sock)[0] is Word.REFUSED else 2
        os._exit(status)
    with_end = os.pidfd_open(pid)
    while not select.select([with_end], [], [], 0)[0]:
        machine.turn(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    reason = "user 12345 may not enrol here; expected user 12344, root or an allowed one"
    assert machine.said == [f"client (pid {pid}) of user 12345 refused: {reason}"]
    machine.agent.close()


@pytest.mark.parametrize(
    "packets",
    [
        pytest.param([b"\0" * 1000], id="bytes"),
        pytest.param([b"GET / HTTP/1.1\r\n\r\n"], id="http"),
        pytest.param([b"penstock-agent/1 ENROL\n{}"], id="no-fields"),
        pytest.param([b"penstock-agent/1 RELEASE\n"], id="release-before-enrol"),
        pytest.param([b"penstock-agent/1 ADMITTED\n"], id="our-own-word"),
        pytest.param([b"x" * 100_000], id="too-long"),
    ],
)
@pytest.mark.parametrize("count", [0, 1, 200], ids=["no-fds", "one-fd", "many-fds"])
def test_client_that_is_no_master_is_refused_and_leaves_nothing(machine, packets, count):
    before = set(os.listdir("/proc/self/fd"))
    with machine.connect() as sock:
        for packet in packets:
            socket.send_fds(sock, [packet], [0] * count)
        machine.turn()
        assert answer(sock)[0] is Word.REFUSED
        assert answer(sock) is None
    assert machine.counts() == {"refused": 1}
    assert set(os.listdir("/proc/self/fd")) <= before  # those of tests before may be collected meanwhile


def test_master_that_says_nonsense_later_is_let_go(machine, segment, logs):
    with machine.enrol(segment, **logs) as master:
        answer(master)
        send_message(master, Word.ENROL, "{}", [0, 1])
        machine.turn()
        assert answer(master) == (Word.REFUSED, "ENROL while enrolled")
    assert machine.agent.tenants == ()


def test_template_that_cannot_be_used_is_refused(machine, segment):
    with machine.enrol(segment, access_log_format="{nothing}") as master:
        assert answer(master)[0] is Word.REFUSED
    assert machine.agent.tenants == ()


def test_client_that_never_speaks_is_shown_out_after_five_seconds(machine, now):
    with machine.connect() as sock:
        machine.turn()
        assert machine.counts() == {"new": 1}
        now.pass_s(GREETING_S + 0.1)
        machine.turn()
        assert answer(sock) == (Word.REFUSED, "nothing was said for 5 s")


def test_client_that_never_reads_holds_nobody_up(machine, segment, logs):
    with machine.enrol(segment, **logs) as master, contextlib.suppress(BlockingIOError):
        master.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
        while True:
            send_message(master, Word.REOPEN)
    machine.turn(20)
    assert machine.counts()["admitted"] == 1


def test_house_that_is_full_lets_the_rest_wait_outside(machine, now):
    with contextlib.ExitStack() as crowd:
        clients = [crowd.enter_context(machine.connect()) for _ in range(MAX_CLIENTS + 3)]
        machine.turn(MAX_CLIENTS + 5)
        assert machine.counts() == {"new": MAX_CLIENTS}
        for client in clients[:5]:
            client.close()
        machine.turn(10)
        assert machine.counts() == {"new": MAX_CLIENTS - 2}
        machine.agent.close()


def test_tenant_that_cannot_be_drained_is_expelled_and_the_others_stay(machine, segment, finished, logs):
    other = Segment.create(slots=3, threads=2, ring_bytes=65536)
    with machine.enrol(segment, **logs), machine.enrol(other) as broken:
        answer(broken)
        tenant = machine.agent.tenants[1]
        tenant.step = lambda: 1 // 0
        record(segment, finished)
        machine.turn()
        assert (
            answer(broken)[1]
            == "its memory cannot be drained: ZeroDivisionError: integer division or modulo by zero"
        )
        assert len(machine.agent.tenants) == 1
        assert len(lines(logs)) == 1
    other.close()


def test_what_happens_at_the_door_is_said(machine, segment, logs):
    machine.enrol(segment, **logs).close()
    machine.turn()
    who = f"shop (pid {os.getpid()})"
    assert machine.said == [f"{who} of user {os.geteuid()} enrolled"] + [f"{who} left"] * (
        len(machine.said) - 1
    )
    assert json.dumps(machine.estate.report())
