"""A machine's agent as a process: it is told when to leave, and leaves with everything written."""

import contextlib
import os
import select
import signal
import socket

import pytest

from penstock.agent.machine import run_machine
from penstock.config import AgentConfig, Config, ConfigError, MachineConfig
from penstock.telemetry.enrolment import Enrolment, Word, receive_message, send_message

DEADLINE_S = 20


class Supervisor:
    """Writes down what it is told."""

    def __init__(self, fd):
        self.fd = fd
        self.told = None

    def tell(self, *, is_stopping, status):
        if self.told != (is_stopping, status):
            self.told = is_stopping, status
            os.write(self.fd, f"{int(is_stopping)} {status}\n".encode())

    def beat(self, now_s):
        pass


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK) as made:
        made.bind(str(tmp_path / "s"))
        made.listen(8)
        yield made


@pytest.fixture
def told():
    read_fd, write_fd = os.pipe()
    yield read_fd, write_fd
    os.close(read_fd)
    os.close(write_fd)


@pytest.fixture
def start(listener, tmp_path, told):
    pids = []

    def run(ops=None):
        pid = os.fork()
        if not pid:
            status = 1
            with contextlib.suppress(BaseException):
                config = Config(agent=AgentConfig(error_log=str(tmp_path / "agent.log")))
                run_machine(listener, config, Supervisor(told[1]), ops)
                status = 0
            os._exit(status)
        pids.append(pid)
        return pid

    yield run
    for pid in pids:
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@pytest.fixture
def record(recorder, finished):
    """Record one request by its number."""
    return lambda number: recorder.access(finished(line=b"GET /%d HTTP/1.1" % number))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "access.log"


def enrol(listener, segment, path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(DEADLINE_S)
    sock.connect(listener.getsockname())
    text = Enrolment("shop", 4, {"access_log": str(path), "error_log": "off"}).to_text()
    send_message(sock, Word.ENROL, text, [segment.fd, segment.wake_fd, 1, 2])
    assert select.select([sock], [], [], DEADLINE_S)[0]
    assert receive_message(sock).word is Word.ADMITTED
    return sock


def has_ended(sock):
    assert select.select([sock], [], [], DEADLINE_S)[0]
    return receive_message(sock) is None


def exit_code(pid):
    fd = os.pidfd_open(pid)
    assert select.select([fd], [], [], DEADLINE_S)[0], f"process {pid} did not end"
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_told_to_leave_it_leaves_with_everything_written(start, listener, segment, record, path):
    pid = start()
    with enrol(listener, segment, path) as master:
        for number in range(100):
            record(number)
        os.kill(pid, signal.SIGTERM)
        assert has_ended(master)
    assert exit_code(pid) == 0
    assert path.read_text().count("\n") == 100


def test_interrupted_it_says_that_it_leaves(start, told):
    pid = start()
    assert os.read(told[0], 1000) == b"0 0 masters\n"
    os.kill(pid, signal.SIGINT)
    assert exit_code(pid) == 0
    assert os.read(told[0], 1000) == b"1 writing out\n"


def test_killed_under_load_it_is_succeeded_without_a_loss_or_a_repetition(
    start, listener, segment, record, path
):
    written = 0
    for _ in range(4):
        pid = start()
        with enrol(listener, segment, path) as master:
            for _ in range(150):
                record(written)
                written += 1
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            assert has_ended(master)
    pid = start()
    enrol(listener, segment, path)
    os.kill(pid, signal.SIGTERM)
    assert exit_code(pid) == 0
    numbers = [int(line.split("GET /")[1].split(" ")[0]) for line in path.read_text().splitlines()]
    dropped = segment.words[segment.layout.access_ring(1).dropped_word]
    assert len(numbers) == len(set(numbers)) == written - dropped
    assert numbers == sorted(numbers)


def test_usr1_opens_all_files_anew(start, listener, segment, tmp_path):
    pid = start()
    paths = tmp_path / "access.log", tmp_path / "agent.log"
    with enrol(listener, segment, paths[0]):
        for path in paths:
            path.unlink()
        os.kill(pid, signal.SIGUSR1)
        poll = select.poll()
        for _ in range(DEADLINE_S * 100):
            if all(path.exists() for path in paths):
                return
            poll.poll(10)
    pytest.fail("the files were not opened")


def test_ops_port_is_answered(start):
    with socket.create_server(("127.0.0.1", 0)) as ops:
        ops.setblocking(False)
        start(ops)
        with socket.create_connection(ops.getsockname(), DEADLINE_S) as client:
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(4096).endswith(b"alive\n")


def test_user_that_is_no_number_is_an_error_before_anybody_comes(listener, told):
    config = Config(machine=MachineConfig(agent_allow_uids=("www-data",)))
    with pytest.raises(ConfigError, match="agent_allow_uids 'www-data'"):
        run_machine(listener, config, Supervisor(told[1]))
