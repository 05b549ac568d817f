"""The server as a container runs it: process 1 of its own, on a file system that nobody may write to."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from tests.flows.client import Client, request
from tests.flows.harness import Server, wait_until

pytestmark = pytest.mark.flow

AS_INIT = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
# Everything that is mounted, read-only; what the kernel refuses (its own trees) is not writable either.
REMOUNT = """
while read -r _ place _; do mount -o remount,bind,ro "$place" 2>/dev/null; done </proc/self/mounts
exec "$@"
"""
READ_ONLY = ("unshare", "--mount", "sh", "-c", REMOUNT, "sh")


@pytest.fixture(autouse=True)
def namespaces(require_program) -> None:
    """Skip where this user may make no namespaces."""
    unshare = require_program("unshare")
    if subprocess.run([unshare, "--pid", "--mount", "--fork", "true"], check=False).returncode:
        pytest.skip("namespaces are not allowed here")


def init_of(server: Server) -> int:
    """Return the pid, here, of the process that is 1 in there."""
    (pid,) = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return int(pid)


def children_of(pid: int) -> list[str]:
    """Return the state letters of the children of a process."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    stats = [Path(f"/proc/{child}/stat").read_text() for child in pids]
    return [stat.rpartition(")")[2].split()[0] for stat in stats]


def test_process_1_serves_and_obeys_term(serve, connect) -> None:
    server = serve("-w", "2", prefix=AS_INIT)
    assert connect(server).get("/process").json()["pid"] < 10
    os.kill(init_of(server), signal.SIGTERM)
    assert server.wait() == 0
    assert "server.stopped pid=1" in server.errors()


def test_process_1_reaps_strangers(serve, connect) -> None:
    server = serve(prefix=AS_INIT)
    before = len(children_of(init_of(server)))
    for _ in range(5):  # each leaves a grandchild of the worker behind, which process 1 adopts
        assert connect(server).get("/orphan").status == 200
    wait_until(lambda: "Z" not in children_of(init_of(server)), "the dead to be reaped")
    wait_until(lambda: len(children_of(init_of(server))) == before, "the strangers to be gone")
    os.kill(init_of(server), signal.SIGTERM)
    assert server.wait() == 0
    assert server.errors().count("worker.exited") == 1, "a stranger was taken for a worker"


def test_process_1_is_ended_by_term_while_it_boots(serve, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\npathlib.Path('importing').touch()\ntime.sleep(60)\n"
    )
    server = serve("slow", "-w", "1", bare=True, ready=False, prefix=AS_INIT, chdir=tmp_path)
    wait_until((tmp_path / "importing").exists, "the import to begin")
    os.kill(init_of(server), signal.SIGTERM)
    server.wait()
    assert not server.members()


def test_server_needs_no_directory_to_write_to(serve, connect, tmp_path: Path) -> None:
    server = serve("-w", "2", "--ops", "127.0.0.1:0", prefix=READ_ONLY, logs=False)
    client: Client = connect(server)
    assert client.get("/n/7").status == 200
    body = os.urandom(300_000)
    client.send(request("/echo", method="POST", body=body))
    assert client.read_answer().body == body
    assert connect(server).get("/whole/5000000").status == 200
    probe = subprocess.run(
        ["nsenter", f"--mount=/proc/{server.pid}/ns/mnt", "touch", str(tmp_path / "x"), "/tmp/x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert probe.stderr.count("Read-only file system") == 2, "it could have written: the test proves nothing"
    assert server.stop() == 0
    assert server.stdout().count("HTTP/1.1") == 3


def test_server_needs_no_proc(serve, connect) -> None:
    server = serve(
        "--ops", "127.0.0.1:0", prefix=("unshare", "--mount", "sh", "-c", 'umount -l /proc; exec "$@"', "sh")
    )
    server.is_noise_expected = True
    assert connect(server).get("/n/7").status == 200
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: "server.reloaded" in server.errors(), "the reload")
    assert connect(server).get("/n/8").status == 200
    assert server.stop() == 0
    assert "template.impossible" in server.errors()
    assert "Traceback" not in server.errors() + server.stderr()


def test_body_beyond_memory_is_refused_where_no_directory_is_writable(serve) -> None:
    server = serve(prefix=READ_ONLY, logs=False)
    server.is_noise_expected = True
    with socket.create_connection(server.address, 20) as sock:
        sock.sendall(request("/upload", "Content-Length: 9000000", method="POST"))
        try:
            for _ in range(90):
                sock.sendall(b"x" * 100_000)
        except ConnectionError:
            pass  # it has been answered
        assert sock.recv(64).startswith(b"HTTP/1.1 413 ")
    assert Client(server.address).get("/n/1").status == 200
