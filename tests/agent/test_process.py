"""The agent as a process: signals, its parent's end, its own."""

import contextlib
import gc
import os
import select
import signal
import socket
import subprocess

import pytest

from penstock.agent.agent import Agent
from penstock.agent.crew import Crew
from penstock.agent.ops import OpsSeat
from penstock.agent.process import drain_to_end, loop, open_parent, run_agent
from penstock.agent.signals import Signals
from penstock.agent.tenant import Tenant
from penstock.config import AgentConfig, Config
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.scoreboard import WorkerState

DEADLINE_S = 20


@pytest.fixture
def path(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def config(path, tmp_path):
    return Config(agent=AgentConfig(access_log=str(path), error_log=str(tmp_path / "error.log")))


def fork(function) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    return pid


def exit_code(pid) -> int:
    """Wait for a child, at most 20 s."""
    fd = os.pidfd_open(pid)
    try:
        assert select.select([fd], [], [], DEADLINE_S)[0], f"process {pid} did not end"
    finally:
        os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def dismiss(segment, pid) -> None:
    """Tell an agent to leave, as its master does."""
    segment.words[layout.AGENT_DISMISSED_WORD] = 1
    os.kill(pid, signal.SIGTERM)


def wait_for_word(segment, word):
    """Until another process has written it: the agent is up."""
    poll = select.poll()
    for _ in range(DEADLINE_S * 1000):
        if segment.words[word]:
            return
        poll.poll(1)
    pytest.fail(f"word {word} stayed 0")


@pytest.fixture
def agent_pid(segment, config):
    pid = fork(lambda: run_agent(segment, config, os.getppid()))
    wait_for_word(segment, layout.AGENT_STARTED_NS_WORD)
    yield pid
    with contextlib.suppress(ChildProcessError, ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_term_ends_it_with_everything_written(agent_pid, recorder, finished, path, segment):
    for _ in range(100):
        recorder.access(finished())
    dismiss(segment, agent_pid)
    assert exit_code(agent_pid) == 0
    assert path.read_text().count("\n") == 100
    assert segment.words[layout.AGENT_PID_WORD] == 0


def test_ops_port_is_answered_until_it_ends(segment, config):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        seat = OpsSeat(listener, 4)
        pid = fork(lambda: run_agent(segment, config, os.getppid(), seat))
        with socket.create_connection(listener.getsockname(), DEADLINE_S) as client:
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(4096).endswith(b"alive\n")
            dismiss(segment, pid)
            assert exit_code(pid) == 0
            assert client.recv(1) == b""


def test_signals_of_a_group_are_the_masters_business(agent_pid, recorder, finished, path, segment):
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGHUP,
        signal.SIGWINCH,
        signal.SIGUSR2,
    ):
        os.kill(agent_pid, number)
    recorder.access(finished())
    dismiss(segment, agent_pid)
    assert exit_code(agent_pid) == 0
    assert path.read_text().count("\n") == 1


def test_usr1_opens_the_files_again(agent_pid, recorder, finished, path, segment):
    path.rename(path.with_suffix(".1"))
    os.kill(agent_pid, signal.SIGUSR1)
    poll = select.poll()
    for _ in range(DEADLINE_S * 100):
        if path.exists():
            break
        poll.poll(10)
    recorder.access(finished())
    dismiss(segment, agent_pid)
    assert exit_code(agent_pid) == 0
    assert path.read_text().count("\n") == 1


def test_an_agent_killed_under_load_is_succeeded_without_a_loss_or_a_repetition(
    segment, config, recorder, finished, path
):
    written = 0
    for _ in range(5):
        segment.words[layout.AGENT_STARTED_NS_WORD] = 0
        pid = fork(lambda: run_agent(segment, config, os.getppid()))
        wait_for_word(segment, layout.AGENT_STARTED_NS_WORD)
        for _ in range(150):
            recorder.access(finished(line=b"GET /%d HTTP/1.1" % written))
            written += 1
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    agent = Agent(select.poll(), Crew(), print)
    agent.admit(Tenant(segment, config.agent, Crew()))
    drain_to_end(agent)
    agent.close()
    numbers = [int(line.split("GET /")[1].split(" ")[0]) for line in path.read_text().splitlines()]
    dropped = segment.words[segment.layout.access_ring(1).dropped_word]
    assert len(numbers) == len(set(numbers)) == written - dropped
    assert numbers == sorted(numbers)


def test_an_agent_whose_parent_is_gone_writes_what_its_workers_say_and_ends(
    segment, config, recorder, finished, path
):
    read_fd, write_fd = os.pipe()

    def be_master():
        child = fork(lambda: run_agent(segment, config, os.getppid()))
        os.write(write_fd, child.to_bytes(4, "little"))
        wait_for_word(segment, layout.AGENT_STARTED_NS_WORD)

    recorder.set_state(WorkerState.DRAINING)
    master = fork(be_master)
    agent = os.pidfd_open(int.from_bytes(os.read(read_fd, 4), "little"))
    assert exit_code(master) == 0
    recorder.access(finished())
    recorder.set_state(WorkerState.GONE)
    assert select.select([agent], [], [], DEADLINE_S)[0]
    assert path.read_text().count("\n") == 1
    for fd in (agent, read_fd, write_fd):
        os.close(fd)


# Parts


def test_a_parent_that_lives_has_a_descriptor():
    fd = open_parent(os.getppid())
    assert fd >= 0
    assert not select.select([fd], [], [], 0)[0]
    os.close(fd)


def test_a_parent_that_is_gone_has_none():
    child = subprocess.Popen(["true"])
    child.wait()
    assert open_parent(child.pid) == -1


def test_a_pid_that_is_not_our_parents_has_none():
    assert open_parent(os.getpid()) == -1


class FakeAgent:
    """Counts what the loop asks of it; its own tenant."""

    def __init__(self, now=None, on_wait=None, steps_left=0, gone=False):
        self.now = now
        self.on_wait = on_wait or list
        self.steps_left = steps_left
        self.gone = gone
        self.reopened = self.steps = self.waits = 0
        self.is_dismissing = True

    def step(self):
        self.steps += 1
        if self.steps_left > 0:
            self.steps_left -= 1
            return True
        return False

    def is_empty(self):
        return not self.steps_left

    def reopen(self):
        self.reopened += 1

    def are_workers_gone(self):
        return self.gone

    def forget(self, fd):
        self.forgotten = fd

    def wait(self):
        self.waits += 1
        return self.on_wait()


@pytest.fixture
def own_collector():
    """The garbage collector of this process; as it was, afterwards."""
    yield
    gc.unfreeze()
    gc.enable()


@pytest.fixture
def signals():
    made = Signals()
    yield made
    made.close()


@pytest.fixture
def parent():
    """A parent's descriptor, and the end that makes it readable when closed."""
    ends = os.pipe()
    yield ends[0]
    for fd in ends:
        os.close(fd)


def test_the_loop_obeys_usr1_and_term(signals, parent, now):
    def reopen_then_stop():
        if agent.waits == 1:
            signals.has_reopen = True
        else:
            signals.is_stopping = True
        return []

    agent = FakeAgent(now, reopen_then_stop)
    loop(agent, agent, signals, parent, now)
    assert (agent.reopened, agent.waits) == (1, 2)


def test_term_without_the_masters_word_is_not_obeyed(signals, parent, now):
    def stop_then_dismiss():
        signals.is_stopping = True
        agent.is_dismissing = agent.waits == 3
        return []

    agent = FakeAgent(now, stop_then_dismiss)
    agent.is_dismissing = False
    loop(agent, agent, signals, parent, now)
    assert agent.waits == 3


def test_an_orphan_leaves_when_its_workers_are_gone(signals, parent, now):
    def lose_parent():
        if agent.waits == 1:
            return [parent]
        agent.gone = True
        return []

    agent = FakeAgent(now, lose_parent)
    loop(agent, agent, signals, parent, now)
    assert agent.waits == 2
    assert agent.forgotten == parent


def test_an_orphan_stays_three_seconds_with_workers_that_do_not_leave(signals, now):
    agent = FakeAgent(now, lambda: now.pass_s(1) or [])
    loop(agent, agent, signals, -1, now)
    assert agent.waits == 4


def test_leaving_writes_to_the_end(now):
    agent = FakeAgent(now, steps_left=5)
    drain_to_end(agent, now)
    assert agent.steps == 5


def test_an_output_that_takes_nothing_holds_the_end_up_for_two_seconds(now):
    class Stalled(FakeAgent):
        def step(self):
            self.steps += 1
            now.pass_s(0.5)
            return False

        def is_empty(self):
            return False

    agent = Stalled()
    drain_to_end(agent, now, pause=0)
    assert agent.steps == 4


@pytest.mark.usefixtures("own_signals", "own_collector")
def test_the_whole_runs_in_this_process_too(segment, config, recorder, finished, path):
    recorder.access(finished())
    first = segment.layout.slot_word(1)
    segment.words[first + layout.STATE] = WorkerState.GONE
    run_agent(segment, config, os.getpid())  # not our parent: an orphan from the start
    assert path.read_text().count("\n") == 1
