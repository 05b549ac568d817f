"""Every request exactly one intact line, whatever happens to its neighbours."""

import collections
import functools
import json
import os
import signal
import threading

import pytest
from tests.flows.client import BROWSER_LINES, Client, NumberAsker, in_threads, number_of
from tests.flows.harness import ROOMY_RING, wait_until

pytestmark = pytest.mark.flow

WORKERS = 4


def open_asker(server, number: int) -> NumberAsker:
    asker = NumberAsker(server.address)
    asker.ask(number)
    return asker


@pytest.mark.timeout(300)
@pytest.mark.parametrize("style", ["text", "json"])
def test_four_workers_write_each_request_as_one_intact_line(serve, style) -> None:
    count = WORKERS * 20_000
    server = serve("-w", str(WORKERS), "--access-log-format", style, environment=ROOMY_RING)
    # One after the other, so that every worker gets some of the connections.
    askers = [open_asker(server, number) for number in range(16)]
    shares = [range(16 + start, count, 16) for start in range(16)]
    in_threads(map(functools.partial, [asker.ask_all for asker in askers], shares))
    answered = sum((asker.pids for asker in askers), collections.Counter())
    assert server.stop() == 0

    lines = server.accesses()
    assert sorted(number_of(line.line) for line in lines) == list(range(count))
    assert len({line.request_id for line in lines}) == count
    assert collections.Counter(line.pid for line in lines) == answered
    assert len(answered) == WORKERS
    assert {(line.status, line.sent, line.outcome) for line in lines} == {(200, 18, "complete")}


def test_connections_opened_one_after_the_other_are_shared_by_the_workers(serve) -> None:
    server = serve("-w", "2")
    askers = [open_asker(server, number) for number in range(60)]
    shares = sum((asker.pids for asker in askers), collections.Counter())
    assert sorted(shares) == sorted(server.workers())
    assert min(shares.values()) >= 0.3 * len(askers)
    for asker in askers:
        asker.client.close()


class Visitor:
    """A client that asks one number after the other on a kept connection, and connects again when cut.

    Attributes:
        finished: number -> pid that answered it.
        cut: pid that had served the connection before it was cut; None = it had not served yet.
    """

    def __init__(self, address, first: int, stop: threading.Event) -> None:
        self.address = address
        self.first = first
        self.stop = stop
        self.finished: dict[int, int] = {}
        self.cut: list[int | None] = []
        self.asked = 0

    def run(self) -> None:
        while not self.stop.is_set():
            client = Client(self.address)
            pid = None
            try:
                while not self.stop.is_set():
                    number = self.first + self.asked
                    self.asked += 1
                    answer = client.get(f"/n/{number}", *BROWSER_LINES)
                    assert answer.status == 200
                    assert int(answer.body[:9]) == number
                    pid = self.finished[number] = int(answer.body[10:17])
            except ConnectionError:
                self.cut.append(pid)
            client.close()


def test_worker_killed_under_load_loses_no_line_and_harms_no_other_connection(serve) -> None:
    server = serve("-w", "2", environment=ROOMY_RING)
    server.is_noise_expected = True
    stop = threading.Event()
    visitors = [Visitor(server.address, place * 1_000_000, stop) for place in range(12)]
    threads = [threading.Thread(target=visitor.run) for visitor in visitors]
    for thread in threads:
        thread.start()

    def answered() -> int:
        return sum(len(visitor.finished) for visitor in visitors)

    killed = []
    try:
        for _ in range(3):
            before = answered()
            wait_until(lambda before=before: answered() > before + 2000, "two thousand answers")
            victim = wait_until(lambda: next(iter(server.workers()), 0), "a ready worker")
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)
            wait_until(
                lambda victim=victim: len(set(server.workers()) - {victim}) == 2, "the successor to be ready"
            )
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    survivors = set(server.workers())
    assert server.stop() == 0

    # A connection that nobody had answered yet may have been accepted by the victim.
    assert {pid for visitor in visitors for pid in visitor.cut} <= {*killed, None}
    finished = {number: pid for visitor in visitors for number, pid in visitor.finished.items()}
    lines = collections.Counter(number_of(line.line) for line in server.accesses())
    assert max(lines.values()) == 1
    # The record follows the last byte: the one answer that a victim was sending may lack it.
    missing = [pid for number, pid in finished.items() if number not in lines]
    assert not set(missing) - set(killed)
    assert max(collections.Counter(missing).values(), default=0) <= 1
    served = set(finished.values())
    assert survivors & served
    for pid in killed:
        assert f"pid={pid} signal=SIGKILL" in server.errors()


@pytest.mark.timeout(300)
def test_hundreds_of_thousands_of_requests_do_not_grow_a_worker(serve, is_full) -> None:
    count = 300_000 if is_full else 30_000
    server = serve(environment=ROOMY_RING)
    (worker,) = server.workers()

    def lines(number: int) -> tuple[str, ...]:
        return (*BROWSER_LINES, f"X-Trace: {number}", f"Referer: http://flows.test/{number % 5000}")

    def ask(numbers: range) -> None:
        in_threads(
            functools.partial(NumberAsker(server.address, lines).ask_all, numbers[start::8])
            for start in range(8)
        )

    # The tables have been filled: from here on nothing is new.
    ask(range(20_000))
    before = private_bytes(worker)
    ask(range(20_000, 20_000 + count))
    growth = private_bytes(worker) - before
    assert growth < 5 << 20
    print(f"growth of {growth / 1024:.0f} KiB over {count} requests")
    assert server.stop() == 0
    assert len(server.accesses()) == 20_000 + count


def private_bytes(pid: int) -> int:
    """Resident memory without what is shared: a ring is written once around, and then stays as it is."""
    with open(f"/proc/{pid}/statm") as statm:
        _, resident, shared, *_ = map(int, statm.read().split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def test_log_records_of_the_application_arrive_whole_and_with_their_request(serve) -> None:
    formats = {"PENSTOCK_ACCESS_LOG_FORMAT": "json", "PENSTOCK_ERROR_LOG_FORMAT": "json"}
    server = serve("-w", "2", environment=formats)
    server.is_noise_expected = True

    def say(first: int) -> None:
        client = Client(server.address)
        for number in range(first, first + 100):
            assert client.get(f"/say/{number}").status == 200
        client.close()

    in_threads(functools.partial(say, start) for start in range(0, 800, 100))
    assert server.stop() == 0
    ids = {line.line.split(" ")[1]: line.request_id for line in server.accesses()}
    entries = [json.loads(line) for line in server.errors().splitlines()]
    said = {entry["body"]: entry for entry in entries if entry["log.logger"] == "shop"}
    assert len(said) == 800
    for number in range(800):
        assert said[f"said {number}"]["penstock.request_id"] == ids[f"/say/{number}"]
