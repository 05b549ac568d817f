"""Applications that end their worker: survived, named, and not repeated without pause."""

import os
import re
import signal
import time

import pytest
from tests.flows.client import Client, request
from tests.flows.deploys import Site
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow


def crash(server, path: str) -> bytes:
    """Ask for a crash; return what was answered before the connection ended."""
    client = Client(server.address)
    client.send(request(path))
    try:
        return client.read_to_end()
    except ConnectionError:
        return b""
    finally:
        client.close()


@pytest.mark.parametrize(
    ("path", "how"),
    [
        pytest.param("/exit/3", "status=3", id="os-exit"),
        pytest.param("/exit/0", "status=0", id="os-exit-as-if-all-were-well"),
        pytest.param("/crash", "signal=SIGSEGV", id="segmentation-fault"),
    ],
)
def test_worker_ended_by_its_application_is_named_and_replaced(serve, connect, path, how) -> None:
    server = serve("-w", "2")
    server.is_noise_expected = True
    before = set(server.workers())
    assert crash(server, path) == b""
    wait_until(lambda: len(server.workers()) == 2 and set(server.workers()) != before, "the successor")
    (victim,) = before - set(server.workers())
    assert connect(server).get("/n/1").status == 200
    assert server.stop() == 0
    (line,) = [line for line in server.errors().splitlines() if f"pid={victim} {how}" in line]
    assert " ERROR " in line
    assert "worker.exited" in line
    assert f"line='GET {path} HTTP/1.1'" in line
    (lost,) = [access for access in server.accesses() if access.pid == victim]
    assert (lost.line, lost.status, lost.outcome) == (f"GET {path} HTTP/1.1", 503, "cut")
    assert lost.request_id in line


def test_system_exit_of_an_application_is_an_ordinary_failure(serve, connect) -> None:
    server = serve("-w", "2")
    server.is_noise_expected = True
    workers = server.workers()
    for path in ("/system-exit/0", "/system-exit/1"):
        answer = connect(server).get(path)
        assert answer.status == 500
        assert b"Traceback" not in answer.body
    assert server.workers() == workers
    assert server.stop() == 0
    assert server.errors().count("SystemExit") == 2
    assert [line.status for line in server.accesses()] == [500, 500]


def test_failing_view_answers_500_and_logs_its_traceback_with_the_request(serve, connect) -> None:
    server = serve()
    server.is_noise_expected = True
    assert connect(server).get("/fail/x7").status == 500
    late = connect(server)
    late.send(request("/fail-late/x8"))
    assert not late.read_to_end().endswith(b"0\r\n\r\n")  # visibly not whole
    late.close()
    assert server.stop() == 0
    assert "RuntimeError: failed on purpose x7" in server.errors()
    assert "RuntimeError: failed late on purpose x8" in server.errors()
    lines = server.accesses()
    assert [(line.status, line.outcome) for line in lines] == [(500, "complete"), (200, "failed")]
    for line in lines:
        assert line.request_id in server.errors()


def test_crash_loop_is_survived_and_slowed_down(serve, connect) -> None:
    server = serve()
    server.is_noise_expected = True
    for count in range(1, 5):  # asked of the log: a command takes so long that ten of them are a healthy life
        wait_until(lambda n=count: server.errors().count("worker.ready") == n, "a worker")
        crash(server, "/crash")
        wait_until(lambda n=count: server.errors().count("worker.exited") == n, "it to end")
    # The successor is not there at once: the request waits in the listener's queue, and is answered.
    assert connect(server).get("/n/1").status == 200
    pids = re.findall(r"worker\.exited slot=1 pid=([0-9]+) signal=SIGSEGV", server.errors())
    assert len(set(pids)) == 4
    delays = [
        float(delay) for delay in re.findall(r"worker\.exited .*restart_in_s=([0-9.]+)", server.errors())
    ]
    assert delays == sorted(delays)
    assert delays[-1] > 0.5
    assert server.stop() == 0


def test_ended_workers_leave_no_zombie(serve) -> None:
    server = serve("-w", "2")
    server.is_noise_expected = True
    workers = server.workers()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(server.workers()) == 2 and not set(workers) & set(server.workers()), "successors")
    assert not any(os.path.exists(f"/proc/{pid}") for pid in workers)
    assert server.stop() == 0
    assert server.errors().count("signal=SIGKILL killed_by=somebody") == 2


def test_files_and_sockets_of_the_server_are_not_inherited_by_subprocesses(serve, connect) -> None:
    server = serve()
    held = connect(server).get("/child").body.decode()
    assert "socket:" not in held
    assert "memfd" not in held
    assert "eventpoll" not in held


# Crash loops


def deaths(server) -> list[str]:
    return [line for line in server.errors().splitlines() if "worker.exited" in line]


def test_worker_that_dies_again_and_again_is_restarted_later_each_time_and_said_once_a_death(
    serve, tmp_path
) -> None:
    """Its hook ends every worker but the first; that one serves on."""
    (tmp_path / "looping_site.py").write_text(
        "import os\n"
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Length', '2')])\n"
        "    return [b'ok']\n"
        "def start():\n"
        "    try:\n"
        "        os.mkdir('first')\n"
        "    except FileExistsError:\n"
        "        if os.path.exists('loop'):\n"
        "            os._exit(9)\n"
    )
    words = ("looping_site", "-b", "127.0.0.1:0", "-w", "2")
    environment = {"PENSTOCK_ON_WORKER_START": "looping_site:start"}
    server = serve(*words, bare=True, chdir=tmp_path, environment=environment)
    server.is_noise_expected = True
    survivor, victim = server.workers()
    (tmp_path / "loop").touch()
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(deaths(server)) >= 5, "five deaths")
    client = Client(server.address)
    assert client.get("/").body == b"ok"
    client.close()
    assert survivor in server.workers()
    (tmp_path / "loop").unlink()
    wait_until(lambda: len(server.workers()) == 2, "the loop to end")
    lines = deaths(server)
    assert len(lines) == len({re.search(r"pid=(\d+)", line)[1] for line in lines})  # one line a death
    pauses = [float(found[1]) for line in lines if (found := re.search(r"restart_in_s=([0-9.]+)", line))]
    # What is left of each when it is said; more than half, or it would be the one before.
    assert all(full / 2 < left <= full + 0.05 for left, full in zip(pauses, [0.25, 0.5, 1, 2], strict=False))
    assert len(pauses) >= 4
    assert all("status=9" in line for line in lines[1:])
    assert server.stop() == 0


def test_without_a_template_the_others_go_on_while_a_broken_deploy_is_on_disk(
    serve, connect, tmp_path
) -> None:
    site = Site(tmp_path / "site")
    (site.folder / "penstock.toml").write_text('preload = "off"\n')
    server = site.serve(serve)
    server.is_noise_expected = True
    victim, survivor = server.workers()
    site.write("1 / 0\n")
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: server.errors().count("worker.boot_failed") >= 2, "two attempts")
    assert "ZeroDivisionError" in server.errors()
    assert server.workers() == [survivor]
    assert connect(server).get("/").body == b"version 1"
    site.deploy(2)
    wait_until(lambda: len(server.workers()) == 2, "the repaired code")
    assert server.stop() == 0


# The master killed


def test_workers_of_a_killed_master_accept_nobody_and_leave_within_two_seconds(serve, connect, bar_s) -> None:
    server = serve("-w", "2", "-t", "600")
    server.is_noise_expected = server.is_killed = True
    stuck = connect(server)
    stuck.send(request("/sleep/600"))
    wait_until(lambda: any(worker["busy"] for worker in busy(server)), "the request to run")
    server.send_signal(signal.SIGKILL)
    killed_s = time.monotonic()
    wait_until(lambda: is_refused(server.address), "the port to be closed", within_s=bar_s(1))
    wait_until(lambda: not server.members(), "everybody to leave")
    assert time.monotonic() - killed_s < bar_s(5)  # 2 s, and the agent that writes their last lines


def test_worker_in_which_nothing_runs_does_not_outlive_its_master_either(serve, connect) -> None:
    server = serve("-w", "2", "-t", "600")
    server.is_noise_expected = server.is_killed = True
    stuck = connect(server)
    stuck.send(request("/hold/600"))
    wait_until(lambda: any(worker["busy"] for worker in busy(server)), "the request to run")
    server.send_signal(signal.SIGKILL)
    wait_until(lambda: not server.members(), "everybody to leave")


def busy(server) -> list[dict]:
    return [worker | {"busy": len(worker["current"])} for worker in server.status()["workers"]]


def is_refused(address) -> bool:
    try:
        Client(address).close()
    except OSError:
        return True
    return False
