"""Clients that are slow, vanish or speak nonsense: nobody else notices, and nothing of them stays."""

import collections
import contextlib
import functools
import os
import random
import re
import socket
import threading

import pytest
from tests.flows.applications import pattern
from tests.flows.client import Client, NumberAsker, in_threads, request
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow


class SlowCrowd:
    """Many connections on one thread: some send, some receive, a few bytes at a time.

    Args:
        address: where.
        senders: what each of the slow senders has to say.
        readers: how many ask for `read_bytes` of the pattern and take their time.
        pause_s: between two turns.
        sends_every: a sender sends one byte in each so many turns.
        receive_bytes: what a reader takes each turn.

    Attributes:
        answers: what each connection received, in the order of the arguments, when `run` has ended.
        turns: how many have passed.
    """

    def __init__(self, address, senders, readers, *, read_bytes, pause_s, sends_every, receive_bytes) -> None:
        self.pause_s = pause_s
        self.receive_bytes = receive_bytes
        self.sends_every = sends_every
        self.hurry = threading.Event()
        self.turns = 0
        self.senders = [Client(address) for _ in senders]
        self.readers = [Client(address, receive_buffer=4096) for _ in range(readers)]
        self._rests = list(senders)
        self.answers = [b""] * (len(senders) + readers)
        for reader in self.readers:
            reader.send(request(f"/whole/{read_bytes}", "Connection: close"))

    def run(self) -> None:
        """Be slow until told to hurry; then finish."""
        while not self.hurry.is_set():
            self.hurry.wait(self.pause_s)
            self._turn()
            self.turns += 1
        for place, client in enumerate(self.senders):
            client.send(self._rests[place])
        for place, client in enumerate(self.senders + self.readers):
            self.answers[place] += client.read_to_end()
            client.close()

    def _turn(self) -> None:
        if self.turns % self.sends_every == 0:
            for place, client in enumerate(self.senders):
                client.send(self._rests[place][:1])
                self._rests[place] = self._rests[place][1:]
        for place, client in enumerate(self.readers, len(self.senders)):
            self.answers[place] += client.sock.recv(self.receive_bytes)


@pytest.mark.timeout(300)
def test_hundreds_of_slow_clients_do_not_keep_anybody_waiting(serve, is_full) -> None:
    # Full: one byte a second and 10 KB/s, as the issue has it. Short: the same bytes in quicker turns.
    senders, readers, pause_s, sends_every = (300, 200, 0.1, 10) if is_full else (90, 60, 0.02, 1)
    patient = {
        "PENSTOCK_HEADER_TIMEOUT_S": "120",
        "PENSTOCK_MIN_BODY_RATE": "0",
        "PENSTOCK_WRITE_TIMEOUT_S": "120",
    }
    server = serve("-w", "2", "--threads", "2", environment=patient)
    # Half of the senders are slow with the head, half with the body; 400 bytes outlast every turn.
    head = request("/echo", "Connection: close", f"X-Filling: {'x' * 400}")
    body = request("/echo", "Connection: close", method="POST", body=pattern(600))
    crowd = SlowCrowd(
        server.address,
        [(head, body)[place % 2] for place in range(senders)],
        readers,
        read_bytes=1 << 20,
        pause_s=pause_s,
        sends_every=sends_every,
        receive_bytes=1024,
    )
    thread = threading.Thread(target=crowd.run)
    thread.start()
    try:
        for _ in range(5):
            turns = crowd.turns
            in_threads(
                functools.partial(NumberAsker(server.address).ask_all, range(start, start + 500), depth=1)
                for start in range(0, 4000, 500)
            )
            assert Client(server.address).get("/sleep/0.01").body == b"slept\n"
            wait_until(
                lambda turns=turns: crowd.turns > turns + 5 * sends_every, "the crowd to be slow for a while"
            )
    finally:
        crowd.hurry.set()
        thread.join()
    bodies = [answer.partition(b"\r\n\r\n")[2] for answer in crowd.answers]
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in crowd.answers)
    assert bodies[0:senders:2] == [b""] * (senders // 2)
    assert bodies[1:senders:2] == [pattern(600)] * (senders // 2)
    assert bodies[senders:] == [pattern(1 << 20)] * readers
    assert server.stop() == 0
    lines = collections.Counter(line.line.split("/")[1] for line in server.accesses())
    assert lines["n"] == 20_000
    assert lines["whole"] == readers
    assert lines["echo HTTP"] == senders


def test_slow_head_and_slow_body_are_refused_when_their_time_is_over(serve, connect) -> None:
    server = serve(environment={"PENSTOCK_HEADER_TIMEOUT_S": "0.2", "PENSTOCK_BODY_TIMEOUT_S": "0.2"})
    head, body = connect(server), connect(server)
    head.send(b"GET /n/1 HTTP/1.1\r\nHost:")
    body.send(request("/upload", "Content-Length: 10", method="POST"))
    assert (head.read_answer().status, body.read_answer().status) == (408, 408)
    head.close()
    body.close()
    lines = server.wait_accesses(2)
    assert {(line.status, line.outcome) for line in lines} == {(408, "refused")}
    assert server.stop() == 0


# Abrupt resets: each phase of a request in which a client may vanish. {} is a number that nobody else uses.
UPLOAD_HEAD = "POST /upload?{} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
PHASES = {
    "connected": ("", False),
    "in the request line": ("GET /n/{}", False),
    "in the head": ("GET /n/{} HTTP/1.1\r\nHost: a\r\nCook", False),
    "head of an upload": (UPLOAD_HEAD, False),
    "in the body": (UPLOAD_HEAD + "x" * 5000, False),
    "in a spooled body": (UPLOAD_HEAD.replace("100000", "2000000") + "x" * 700_000, False),
    "in a chunk": (
        "POST /upload?{} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\nabc",
        False,
    ),
    "request sent": ("GET /n/{} HTTP/1.1\r\nHost: a\r\n\r\n", False),
    "request of the pool sent": ("GET /sleep/0.002?{} HTTP/1.1\r\nHost: a\r\n\r\n", False),
    "answer begun": ("GET /n/{} HTTP/1.1\r\nHost: a\r\n\r\n", True),
    "large answer begun": ("GET /whole/3000000?{} HTTP/1.1\r\nHost: a\r\n\r\n", True),
    "stream begun": ("GET /stream/3000000?{} HTTP/1.1\r\nHost: a\r\n\r\n", True),
    "pipeline sent": (
        "GET /n/{} HTTP/1.1\r\nHost: a\r\n\r\n" + "GET /n/0 HTTP/1.1\r\nHost: a\r\n\r\n" * 20,
        True,
    ),
    "nonsense": ("\x16\x03\x01\x02\x00\x01\x00{}", False),
}


def vanish(address, number: int, phase: str) -> None:
    """Connect, go as far as `phase`, reset."""
    text, reads = PHASES[phase]
    client = Client(address)
    try:
        client.send(text.replace("{}", str(number)).encode("latin-1"))
        if reads:
            client.sock.recv(4096)
    except ConnectionError:
        pass  # the server was quicker in refusing
    client.reset()


@pytest.mark.timeout(300)
def test_thousands_of_abrupt_resets_leak_nothing_and_say_nothing(serve, is_full) -> None:
    count = 5000 if is_full else 700
    server = serve("-w", "2", "--threads", "2")
    workers = server.workers()
    in_threads(functools.partial(vanish, server.address, 0, phase) for phase in PHASES)
    before = wait_until(lambda: open_sockets(workers) == [0, 0] and descriptors(workers), "all to be closed")

    phases = random.Random(1).choices(list(PHASES), k=count)
    asker = NumberAsker(server.address)

    def vanish_all(first: int) -> None:
        for number in range(first, count, 4):
            vanish(server.address, 1_000_000 + number, phases[number])

    resets = threading.Thread(target=in_threads, args=([functools.partial(vanish_all, n) for n in range(4)],))
    resets.start()
    asked = 0
    while resets.is_alive():
        asker.ask(2_000_000 + asked)
        asked += 1
    resets.join()
    asker.client.close()
    wait_until(lambda: open_sockets(workers) == [0, 0], "all connections to be forgotten")
    assert wait_until(lambda: descriptors(workers) == before and before, "descriptors to be closed")
    assert sorted(server.workers()) == sorted(workers)
    assert server.stop() == 0

    lines = collections.Counter(line.line for line in server.accesses())
    finished = [lines[f"GET /n/{2_000_000 + number} HTTP/1.1"] for number in range(asked)]
    assert finished == [1] * asked
    numbers = collections.Counter(
        match[0] for line in lines.elements() if (match := re.search(r"1[0-9]{6}", line))
    )
    assert set(numbers.values()) == {1}
    # Who had an answer, or its beginning, was recorded; so was who was cut off in a request that had begun.
    recorded = {int(number) - 1_000_000 for number in numbers}
    for number, phase in enumerate(phases):
        assert number in recorded or not PHASES[phase][1], phase


def descriptors(pids) -> list[int]:
    return [len(os.listdir(f"/proc/{pid}/fd")) for pid in pids]


def open_sockets(pids) -> list[int]:
    """Count the connections of each process, its listener aside."""
    counts = []
    for pid in pids:
        sockets = 0
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed while we looked
                sockets += os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
        counts.append(sockets - 1)
    return counts


def test_client_that_never_reads_does_not_stop_a_graceful_stop_for_ever(serve, connect) -> None:
    server = serve(
        environment={"PENSTOCK_GRACEFUL_TIMEOUT_S": "0.3", "PENSTOCK_MAX_RESPONSE_SPOOL_BYTES": "65536"}
    )
    server.is_noise_expected = True
    client = connect(server, receive_buffer=4096)
    client.send(request("/stream/50000000"))
    assert client.sock.recv(100)
    assert server.stop() == 0
    assert "requests_cut=1" in server.errors()


@pytest.mark.parametrize("path", ["/n/7", "/sleep/0.05", "/stream/100"])
def test_half_closed_client_gets_all_its_answers_and_then_the_end(serve, connect, path) -> None:
    server = serve()
    client = connect(server)
    client.send(request(path) + request("/n/8") + request(path))
    client.sock.shutdown(socket.SHUT_WR)
    assert [client.read_answer().status for _ in range(3)] == [200, 200, 200]
    assert client.read_to_end() == b""
    client.close()
    assert server.stop() == 0
    assert len(server.accesses()) == 3


def test_requests_sent_without_waiting_are_answered_in_their_order(serve, connect) -> None:
    server = serve("--threads", "4")
    client = connect(server)
    paths = ["/sleep/0.05", "/n/1", "/stream/40000", "/n/2", "/echo", "/whole/100000", "/sleep/0.01", "/n/3"]
    client.send(b"".join(request(path) for path in paths))
    bodies = [client.read_answer().body for _ in paths]
    assert bodies[0] == bodies[6] == b"slept\n"
    assert [bodies[place][:9] for place in (1, 3, 7)] == [b"000000001", b"000000002", b"000000003"]
    assert (bodies[2], bodies[4], bodies[5]) == (pattern(40_000), b"", pattern(100_000))
    assert server.stop() == 0
    assert [line.line.split(" ")[1] for line in server.accesses()] == paths
