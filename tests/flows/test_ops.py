"""The ops port of running servers: answered whatever workers and application do."""

import itertools
import os
import re
import signal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.flows.client import Client, in_threads, request
from tests.flows.harness import Server, socket_address, wait_until

pytestmark = pytest.mark.flow

OPS = ("--ops", "127.0.0.1:0")


def ops_address(server: Server) -> tuple[str, int] | str:
    found = re.search(r"^  ops +(\S+)$", server.stderr(), re.MULTILINE)
    assert found, server.stderr()
    return socket_address(found[1])


def ask(server: Server, path: str) -> tuple[int, str]:
    """Ask on a fresh connection; return status and body."""
    client = Client(ops_address(server))
    try:
        answer = client.get(path)
        return answer.status, answer.body.decode()
    finally:
        client.close()


def metrics(server: Server) -> dict[tuple[object, ...], float]:
    """Return values by (name, *labels)."""
    status, text = ask(server, "/metrics")
    assert status == 200
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def answered(server: Server) -> float:
    return metrics(server)["penstock_requests_total", ("status", "2xx")]


def lane_total(server: Server) -> float:
    return sum(value for key, value in metrics(server).items() if key[0] == "penstock_lane_requests_total")


def get_many(server: Server, count: int) -> None:
    """Ask `count` requests on each of 8 connections."""

    def run() -> None:
        client = Client(server.address)
        number = 0
        while number < count:
            try:
                number += client.get(f"/n/{number}").status == 200
            except ConnectionError:  # its worker is being replaced; what that may cost, test_reload says
                client.close()
                client = Client(server.address)
        client.close()

    in_threads([run] * 8)


def test_ready_server_says_so_on_a_connection_that_is_kept(serve) -> None:
    server = serve(*OPS)
    client = Client(ops_address(server))
    for path, body in (("/livez", b"alive\n"), ("/readyz", b"ready\n"), ("/livez", b"alive\n")):
        answer = client.get(path)
        assert (answer.status, answer.body) == (200, body)
    assert client.get("/status").json()["master_pid"] == server.pid
    client.close()


def test_draining_server_is_alive_and_not_ready_and_serves_on(serve, connect) -> None:
    server = serve(*OPS, environment={"PENSTOCK_DRAIN_S": "600"})
    assert ask(server, "/readyz") == (200, "ready\n")
    server.send_signal(signal.SIGTERM)
    wait_until(lambda: ask(server, "/readyz") == (503, "draining\n"), "readiness to end")
    assert ask(server, "/livez") == (200, "alive\n")
    assert connect(server).get("/n/1").status == 200  # the balancer has not noticed yet
    assert server.stop(signal.SIGQUIT) == 0


def test_stopping_server_answers_until_its_last_request_is_done(serve, connect, tmp_path: Path) -> None:
    server = serve(*OPS)
    slow, release = hold_one(server, connect, tmp_path)
    server.send_signal(signal.SIGTERM)
    wait_until(lambda: ask(server, "/readyz") == (503, "draining\n"), "readiness to end")
    assert ask(server, "/livez") == (200, "alive\n")
    release.touch()
    assert slow.read_answer().status == 200
    assert server.wait() == 0


def hold_one(server: Server, connect, tmp_path: Path) -> tuple[Client, Path]:
    """Keep one request running; return its client and the file that lets it through."""
    begun, release = tmp_path / "begun", tmp_path / "release"
    client = connect(server)
    client.send(request(f"/gate?begun={begun}&until={release}", "Connection: close"))
    wait_until(begun.exists, "the slow request")
    return client, release


def hold(serve, tmp_path: Path, query: str, clients: int, threads: int) -> Server:
    """Start one worker and keep all of it busy."""
    begun = tmp_path / "begun"
    server = serve("holding", "-b", "127.0.0.1:0", "-w", "1", "--threads", str(threads), *OPS, bare=True)
    for _ in range(clients):
        Client(server.address).send(request(f"{query}&begun={begun}"))
    wait_until(lambda: begun.exists() and begun.read_text().count("\n") >= clients, "the requests to begin")
    return server


@pytest.mark.parametrize(
    ("query", "clients", "threads"),
    [
        pytest.param("/sleep?s=600", 2, 2, id="all-threads-sleep"),
        pytest.param("/hold?letters=60", 1, 2, id="gil-is-held"),
    ],
)
def test_worker_that_cannot_answer_delays_no_health_check(
    serve, tmp_path: Path, query: str, clients: int, threads: int
) -> None:
    server = hold(serve, tmp_path, query, clients, threads)
    server.is_noise_expected = True  # requests that took so long may be reported
    for path in ("/livez", "/readyz", "/metrics", "/status"):
        status, body = ask(server, path)
        assert status == 200
    assert body.count('"age_s"') == clients, "the worker was free again: the test proves nothing"
    server.is_killed = True
    server.send_signal(signal.SIGKILL)
    server.wait()
    server.end()
    wait_until(lambda: not server.members(), "its processes to end")


def test_totals_equal_the_requests_made_and_survive_a_killed_worker(serve) -> None:
    server = serve("-w", "3", *OPS)
    server.is_noise_expected = True
    get_many(server, 50)
    wait_until(lambda: answered(server) == 400, "400 requests to be counted")
    before = metrics(server)
    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(set(server.workers()) - {victim}) == 3, "the successor")
    get_many(server, 25)
    wait_until(lambda: lane_total(server) == 600, "the agent to have read 600 records")
    after = metrics(server)
    assert sum(v for k, v in after.items() if k[0] == "penstock_requests_total") == 600
    assert sum(v for k, v in after.items() if k[0] == "penstock_worker_requests_total") == 600
    assert after["penstock_request_phase_seconds_count", ("phase", "application")] == 600
    lower = [
        key
        for key, value in before.items()
        if key[0].endswith(("_total", "_bucket", "_sum", "_count")) and "cpu" not in key[0]
        if after[key] < value
    ]
    assert lower == []


def test_totals_never_go_back_under_load_and_reloads(serve) -> None:
    server = serve("-w", "2", *OPS)
    seen: list[dict[tuple[object, ...], float]] = []

    def has_new_page() -> bool:
        page = metrics(server)
        if page in seen[-1:]:
            return False
        seen.append(page)
        return True

    def scrape() -> None:
        for turn in range(6):
            wait_until(has_new_page, "a page")
            if turn in {1, 3}:
                server.send_signal(signal.SIGHUP)

    in_threads([scrape, lambda: get_many(server, 1000)])
    wait_until(lambda: answered(server) == 8000, "8000 requests to be counted")
    seen.append(metrics(server))
    wait_until(lambda: server.errors().count("server.reloaded") == 2, "the reloads")
    rising = ("_total", "_bucket", "_sum", "_count")
    fell = [
        (key, before[key], after[key])
        for before, after in itertools.pairwise(seen)
        for key in before
        if key[0].endswith(rising) and "cpu" not in key[0] and after.get(key, 0) < before[key]
    ]
    assert fell == []


def test_restart_of_the_agent_fails_no_check(serve) -> None:
    server = serve(*OPS)
    server.is_noise_expected = True
    agent = server.agent()
    os.kill(agent, signal.SIGKILL)
    for _ in range(20):
        assert ask(server, "/livez") == (200, "alive\n")
    assert server.agent() not in (0, agent)


def test_master_that_stands_still_makes_the_server_unready(serve) -> None:
    server = serve(*OPS)
    server.send_signal(signal.SIGSTOP)
    try:
        verdict = wait_until(
            lambda: answer if (answer := ask(server, "/readyz"))[0] == 503 else None, "readiness to end"
        )
    finally:
        server.send_signal(signal.SIGCONT)
    assert "the master has not moved for" in verdict[1]
    wait_until(lambda: ask(server, "/readyz") == (200, "ready\n"), "readiness again")


def test_new_program_takes_over_without_an_unready_moment(serve, connect, tmp_path: Path) -> None:
    server = serve("--ops", f"unix:{tmp_path / 'ops.sock'}")
    slow, release = hold_one(server, connect, tmp_path)  # so that the old program drains for a while
    taken_over = (200, "ready: a new program has taken over\n")
    server.send_signal(signal.SIGUSR2)
    answers = set()
    while server.process.poll() is None:
        answers.add(ask(server, "/readyz"))
        if taken_over in answers:
            release.touch()
    answers.add(ask(server, "/readyz"))
    assert slow.read_answer().status == 200
    assert answers == {(200, "ready\n"), taken_over}
    (successor,) = re.findall(r"server\.handed_over .*successor=([0-9]+)", server.errors())
    os.kill(int(successor), signal.SIGTERM)
    wait_until(lambda: not server.members(), "the new one to end")


def test_port_is_held_by_master_and_agent_alone(serve) -> None:
    server = serve("-w", "2", *OPS)
    inode = listening_inode(ops_address(server)[1])
    holders = {pid for pid in server.members() if inode in sockets_of(pid)}
    assert holders == {server.pid, server.agent()}


def listening_inode(port: int) -> str:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (inode,) = [row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"]
    return inode


def sockets_of(pid: int) -> set[str]:
    folder = Path(f"/proc/{pid}/fd")
    targets = [os.readlink(entry) for entry in folder.iterdir() if entry.is_symlink()]
    return {target.removeprefix("socket:[").removesuffix("]") for target in targets}


def test_unix_socket_is_for_owner_and_group_and_removed(serve, tmp_path: Path) -> None:
    path = tmp_path / "ops.sock"
    server = serve("--ops", f"unix:{path}")
    assert path.stat().st_mode & 0o777 == 0o660
    assert ask(server, "/readyz") == (200, "ready\n")
    assert server.stop() == 0
    assert not path.exists()


def test_port_in_use_is_one_line_and_no_server(serve, free_port) -> None:
    first = serve("--ops", f"127.0.0.1:{free_port}")
    second = serve("--ops", f"127.0.0.1:{free_port}", ready=False)
    assert second.wait() == 1
    (line,) = second.stderr().splitlines()
    assert "cannot listen on 127.0.0.1" in line
    assert ask(first, "/livez") == (200, "alive\n")


def test_hundred_connections_that_say_nothing_lock_nobody_out(serve) -> None:
    server = serve(*OPS)
    silent = [Client(ops_address(server)) for _ in range(100)]
    for client in silent[::2]:
        client.send(b"GET /met")
    assert ask(server, "/readyz") == (200, "ready\n")
    for client in silent:
        client.close()
