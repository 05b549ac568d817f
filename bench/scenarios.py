"""Which application, traffic, load and servers make one scenario.

In:     applications, traffic and servers, by name.
Out:    a table, SCENARIOS, and the reason why a server is left out of one.
Never:  runs anything.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench import traffic
from bench.servers import SERVERS, Server

WAITING_THREADS: Final = 32
WAITING_CONNECTIONS: Final = 64  # twice the threads: a request is always waiting for one
IDLE_CONNECTIONS: Final = 2_000
SPREAD_CONNECTIONS: Final = 200
SPREAD_GAP_S: Final = 0.002


class Kind(enum.Enum):
    """How a round is measured."""

    LOAD = "load"  # wrk
    ROUTES = "routes"  # the two-route client
    IDLE = "idle"  # held connections at rest, then beside wrk
    SHARES = "shares"  # held connections on two workers


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the issue's list."""

    name: str
    title: str
    application: str
    requests: Callable[[], list[traffic.Request]]
    kind: Kind = Kind.LOAD
    connections: int = 32
    threads: int | None = None  # None: nothing waits, so each server's usual number
    workers: int = 1
    greeting: bool = False  # a fixed answer would do: the C loop takes part
    waits: bool = False  # needs threads to mean anything
    own_application: str = ""  # what penstock serves, if it is not what the peers serve
    note: str = ""

    def application_for(self, server: Server) -> str:
        """Return what a server serves here."""
        return self.own_application if server.is_own and self.own_application else self.application

    def reason_to_leave_out(self, server: Server) -> str:
        """Say why a server takes no part; empty when it does."""
        if server.only_greets and not self.greeting:
            return "can only send its one answer"
        if self.waits and not server.takes_threads:
            return "answers one request at a time, so a waiting one stops it"
        if self.kind in (Kind.IDLE, Kind.SHARES) and not server.keeps_alive:
            return "keeps no connection"
        if self.kind is Kind.SHARES and server.name not in TWO_WORKERS:
            return "has no second worker"
        return ""


TWO_WORKERS: Final = ("penstock", "penstock-pool", "granian", "gunicorn-gthread")
APPLICATIONS: Final = "bench.applications:"

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("hello-1", "Hello, 1 header", APPLICATIONS + "hello", traffic.bare, greeting=True),
        Scenario(
            "hello-15",
            "Hello, 15 browser headers that vary",
            APPLICATIONS + "hello",
            traffic.browsing,
            greeting=True,
            note=(
                "50 users, other paths and referers, a new request id each time; "
                "4,000 prepared requests in a cycle."
            ),
        ),
        Scenario(
            "json",
            "10 KB of JSON in and out",
            APPLICATIONS + "echo",
            traffic.uploads,
            note="Posted, read whole from `wsgi.input`, sent back; not decoded, which costs all the same.",
        ),
        Scenario("download", "1 MiB download", APPLICATIONS + "download", traffic.bare, connections=16),
        Scenario(
            "asleep",
            "Every request 10 ms asleep, 32 threads",
            APPLICATIONS + "asleep",
            traffic.browsing,
            connections=WAITING_CONNECTIONS,
            threads=WAITING_THREADS,
            waits=True,
            note="Possible: 32 threads / 10 ms = 3,200 requests/s.",
        ),
        Scenario(
            "slow-route",
            "10 % of requests on a route that sleeps 10 ms, 32 threads",
            APPLICATIONS + "sleeping_route",
            traffic.two_routes,
            kind=Kind.ROUTES,
            connections=WAITING_CONNECTIONS,
            threads=WAITING_THREADS,
            waits=True,
            note=(
                "Percentiles are those of the quick route, taken by a closed-loop client in C that files "
                "each latency under its route. 32 threads can sleep through 3,200 requests/s, so no server "
                "whose sleeping requests hold a thread can pass 32,000/s in all."
            ),
        ),
        Scenario(
            "asleep-2",
            "2 % asleep 10 ms at random on one route, 32 threads",
            APPLICATIONS + "sometimes_asleep",
            traffic.browsing,
            connections=WAITING_CONNECTIONS,
            threads=WAITING_THREADS,
            waits=True,
        ),
        Scenario(
            "computing-2",
            "2 % compute 20 ms in Python, at random",
            APPLICATIONS + "sometimes_computing",
            traffic.browsing,
            threads=4,
            note="The work itself costs 400 us a request on average, for everybody.",
        ),
        Scenario(
            "holding-2",
            "2 % hold the GIL 20 ms in C, at random",
            APPLICATIONS + "sometimes_holding",
            traffic.browsing,
            threads=4,
            note="One C call that never gives the GIL away: 400 us a request on average, for everybody.",
        ),
        Scenario(
            "flood",
            "15 headers that are all new each time",
            APPLICATIONS + "hello",
            traffic.flood,
            greeting=True,
            note="300,000 different header lines, 20,000 requests in a cycle: remembering lines only costs.",
        ),
        Scenario(
            "idle-2000",
            "2,000 idle kept-alive connections, at rest and beside traffic",
            APPLICATIONS + "hello",
            traffic.browsing,
            kind=Kind.IDLE,
            note=(
                "Each idle connection has served one 15-header request. Memory: growth of the worker's "
                "proportional set size over the warm, loaded server, divided by 2,000; kernel not counted. "
                "Traffic: 32 more connections."
            ),
        ),
        Scenario(
            "django",
            "A Django view behind the default middlewares",
            "bench.django_app.wsgi:application",
            traffic.readers,
            note="Django's own work is in every figure: routing, seven middlewares, a template with a loop.",
        ),
        Scenario(
            "web",
            "A small view behind five middlewares: ours under penstock, Django under the others",
            "bench.web.served:django",
            traffic.things,
            own_application="bench.web.served:penstock_web",
            note=(
                "penstock serves penstock.web. 51 routes, one path and one query parameter, a short text; "
                "security, sessions (signed cookies that nobody looks at), common, csrf, clickjacking. "
                "The same site in both (bench/web/sites.py)."
            ),
        ),
        Scenario(
            "shares",
            "200 kept-alive connections opened 2 ms apart on 2 workers",
            APPLICATIONS + "process_id",
            traffic.browsing,
            kind=Kind.SHARES,
            workers=2,
            note="Both CPUs for the server here; each connection asks once for the pid of its worker.",
        ),
    )
}


def participants(scenario: Scenario, names: list[str]) -> tuple[list[Server], dict[str, str]]:
    """Split the wanted servers into those that take part and the others with their reason."""
    reasons = {name: scenario.reason_to_leave_out(SERVERS[name]) for name in names}
    return [SERVERS[name] for name in names if not reasons[name]], {
        name: why for name, why in reasons.items() if why
    }
