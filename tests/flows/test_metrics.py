"""An application's own metrics on the ops port: right over all workers, whatever happens to them."""

import os
import random
import re
import signal
import threading
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from tests.flows.client import Client, in_threads
from tests.flows.deploys import Site
from tests.flows.harness import Server, socket_address, wait_until

pytestmark = pytest.mark.flow

OPS = ("--ops", "127.0.0.1:0")
OWN = """
from penstock.telemetry import counter, gauge, histogram

HITS = counter("shop_hits", "Hits.", labels=("path",))
WAIT = histogram("shop_wait_seconds", "Waiting.", unit="seconds")
OPEN = gauge("shop_open", "Workers that have served.")
IMPORTS = counter("shop_imports", "Imports.")
IMPORTS.inc()

def application(environ, start_response):
    HITS.labels(environ["PATH_INFO"]).inc()
    WAIT.observe(0.03, exemplar={"trace_id": "4bf9"})
    OPEN.set(1)
    body = b"VERSION"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""

PROMETHEUS = """
from prometheus_client import Counter, Enum, Gauge, Histogram, Info, Summary

HITS = Counter("shop_hits", "Hits.", ["path"])
WAIT = Histogram("shop_wait_seconds", "Waiting.", buckets=(0.1, 1))
SIZE = Summary("shop_size_bytes", "Sizes.")
USERS = Gauge("shop_users", "Users.", multiprocess_mode="livesum")
OWN = Gauge("shop_own", "Of each worker.")
Info("shop_build", "Build.").info({"version": "VERSION"})
DOOR = Enum("shop_door", "Door.", states=["open", "shut"])

def application(environ, start_response):
    HITS.labels(environ["PATH_INFO"]).inc()
    WAIT.observe(0.5)
    SIZE.observe(7)
    USERS.set(1)
    OWN.set(3)
    DOOR.state("shut")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""


def scrape(server: Server, accept: str = "") -> str:
    found = re.search(r"^  ops +(\S+)$", server.stderr(), re.MULTILINE)
    assert found, server.stderr()
    client = Client(socket_address(found[1]))
    try:
        answer = client.get("/metrics", *([f"Accept: {accept}"] if accept else []))
    finally:
        client.close()
    assert answer.status == 200
    return answer.body.decode()


def metrics(server: Server) -> dict[tuple[object, ...], float]:
    """Return values by (name, *labels)."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in parse_text(scrape(server))
        for sample in family.samples
    }


def hits(server: Server) -> float:
    return metrics(server).get(("shop_hits_total", ("path", "/")), 0)


def ask(server: Server) -> bytes:
    """Ask on a connection that nobody keeps: a worker that drains would wait for it."""
    client = Client(server.address)
    try:
        return client.get("/", "Connection: close").body
    finally:
        client.close()


def serve_source(serve, tmp_path: Path, source: str, *words: str, **settings) -> tuple[Site, Server]:
    site = Site(tmp_path / "site")
    site.write(source)
    return site, site.serve(serve, *OPS, *words, **settings)


class Customer:
    """Asks without pause until told to stop, and knows what was answered and what was lost."""

    def __init__(self, server: Server, stopped: threading.Event) -> None:
        self.answered = self.lost = 0
        self._server = server
        self._stopped = stopped

    def __call__(self) -> None:
        client = None
        while not self._stopped.is_set():
            try:
                client = client or Client(self._server.address)
                assert client.get("/").status == 200
                self.answered += 1
            except OSError:
                self.lost += 1
                client = None


def kill_one(server: Server) -> None:
    victim = random.choice(server.workers())
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in server.workers() and len(server.workers()) == 4, "the successor")


def test_counter_equals_the_answers_while_workers_are_killed(serve, tmp_path: Path) -> None:
    """Never less than was answered; more by what was lost with its worker at most."""
    _, server = serve_source(serve, tmp_path, OWN, "-w", "4")
    server.is_noise_expected = True
    stopped = threading.Event()
    customers = [Customer(server, stopped) for _ in range(4)]
    seen = []

    def kill() -> None:
        try:
            for _ in range(4):
                kill_one(server)
                seen.append(hits(server))
        finally:
            stopped.set()

    in_threads([*customers, kill])
    answered = sum(customer.answered for customer in customers)
    lost = sum(customer.lost for customer in customers)
    assert answered > 100
    assert lost >= 1
    wait_until(lambda: hits(server) >= answered, "the last page")
    values = metrics(server)
    counted = values["shop_hits_total", ("path", "/")]
    assert answered <= counted <= answered + lost
    assert seen == sorted(seen)
    # Between the two a request may have been killed, one in each thread of a victim.
    assert 0 <= counted - values[("shop_wait_seconds_count",)] <= lost
    assert values["shop_wait_seconds_bucket", ("le", "0.025")] == 0


@pytest.mark.parametrize("preload", ["on", "off"])
def test_counter_goes_on_over_a_reload(serve, tmp_path: Path, preload: str) -> None:
    site, server = serve_source(serve, tmp_path, OWN, "-w", "2", environment={"PENSTOCK_PRELOAD": preload})
    for _ in range(10):
        ask(server)
    wait_until(lambda: hits(server) == 10, "the counter")
    before = metrics(server)
    site.write(OWN.replace("VERSION", "2"))
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: server.errors().count("server.reloaded") == 1, "the reload")
    assert hits(server) == 10
    answers = [ask(server)]
    while answers[-1] != b"2":  # by an old worker, which has not got its signal yet
        answers.append(ask(server))
    wait_until(lambda: hits(server) == 10 + len(answers), "the counter")
    after = metrics(server)
    # A template imports once for all of its workers.
    imports = 1 if preload == "on" else 2
    assert [page[("shop_imports_total",)] for page in (before, after)] == [imports, 2 * imports]
    # Those of the workers that are gone do not count.
    wait_until(lambda: metrics(server)[("shop_open",)] == 1, "the old workers to leave")


def test_exemplar_and_own_metrics_are_in_openmetrics(serve, tmp_path: Path, connect) -> None:
    _, server = serve_source(serve, tmp_path, OWN, "-w", "2")
    connect(server).get("/")
    wait_until(lambda: hits(server) == 1, "the counter")
    families = {f.name: f for f in parse_openmetrics(scrape(server, "application/openmetrics-text"))}
    assert (families["shop_hits"].type, families["shop_wait_seconds"].unit) == ("counter", "seconds")
    exemplars = {
        s.labels["le"]: s.exemplar for s in families["shop_wait_seconds"].samples if "le" in s.labels
    }
    assert exemplars["0.05"].labels == {"trace_id": "4bf9"}
    assert exemplars["0.025"] is None


@pytest.mark.parametrize("preload", ["on", "off"])
def test_metrics_of_prometheus_client_are_right_over_workers_and_reloads(serve, tmp_path, preload) -> None:
    environment = {"PENSTOCK_PRELOAD": preload}
    site, server = serve_source(serve, tmp_path, PROMETHEUS, "-w", "4", environment=environment)
    server.is_noise_expected = True
    for _ in range(20):
        ask(server)
    wait_until(lambda: hits(server) == 20, "the counter")
    kill_one(server)
    site.write(PROMETHEUS.replace("VERSION", "2"))
    server.send_signal(signal.SIGHUP)
    wait_until(lambda: server.errors().count("server.reloaded") == 1, "the reload")
    for _ in range(20):
        ask(server)
    wait_until(lambda: hits(server) == 40, "the counter")
    page = metrics(server)
    assert page["shop_wait_seconds_bucket", ("le", "0.1")] == 0
    assert page["shop_wait_seconds_bucket", ("le", "1.0")] == page[("shop_wait_seconds_count",)] == 40
    assert (page[("shop_wait_seconds_sum",)], page[("shop_size_bytes_sum",)]) == (20, 280)
    wait_until(lambda: ("shop_build_info", ("version", "VERSION")) not in metrics(server), "old words to go")
    page = metrics(server)
    own = [key for key in page if key[0] == "shop_own"]
    assert page[("shop_users",)] == len(own) <= 4
    assert page["shop_build_info", ("version", "2")] == page["shop_door", ("shop_door", "shut")] == 1


def test_metrics_of_prometheus_client_are_left_to_it_on_request(serve, tmp_path: Path) -> None:
    environment = {"PENSTOCK_PROMETHEUS_TAKEOVER": "false"}
    _, server = serve_source(serve, tmp_path, PROMETHEUS, environment=environment)
    ask(server)
    wait_until(lambda: metrics(server)["penstock_requests_total", ("status", "2xx")] == 1, "the request")
    assert not [key for key in metrics(server) if key[0].startswith("shop_")]
