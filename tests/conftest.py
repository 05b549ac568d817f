"""What all tests share: finding programs, how examples are drawn, a last word on what did not run.

A program that is missing skips its tests on a developer's machine and fails them in CI (`CI=true`), so that
a green run there means that everything ran.  Random examples are new ones each time on a developer's machine
and the same ones each time in CI, so that a red run there means that the change is at fault.
"""

import collections
import glob
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from tests.cluster import Cluster
from tests.redisserver import RedisServer

IS_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# No deadlines: how long an example takes is the neighbours' affair on a shared machine.
settings.register_profile("search", deadline=None, print_blob=True)
settings.register_profile(
    "repeat",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeat" if IS_CI else "search")
if IS_CI:
    # Hypothesis mixes in the constants of all modules that happen to be loaded: a new one in a file that has
    # nothing to do with a test would give it other examples.  There is no setting for that.
    assert callable(providers._get_local_constants)
    providers._get_local_constants = lambda: providers._local_constants

# A user's PATH lacks where Debian puts servers, those of PostgreSQL by version.
POSTGRESQL_PATHS = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
PROGRAM_PATH = os.pathsep.join(
    [os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin", *POSTGRESQL_PATHS]
)


def pytest_configure() -> None:
    """Give Ctrl-C its meaning back: a shell that runs us in the background has it ignored, here and below."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# What commands and processes take for themselves; children inherit what is ignored or blocked.
TAKEN_SIGNALS = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCHLD,
)


@pytest.fixture(autouse=True)
def _signals_are_put_back() -> Iterator[None]:
    """Leave the next test the signals as they were: its programs could not be ended with TERM otherwise."""
    handlers = {number: signal.getsignal(number) for number in TAKEN_SIGNALS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    for number, handler in handlers.items():
        if signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _refuse(name: str) -> NoReturn:
    reason = f"program {name!r} is missing (scripts/install-programs)"
    if IS_CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def require_program() -> Callable[..., str]:
    """Find a program: `require_program("nginx")` returns its path or skips the test (fails it in CI).

    Several names are alternatives: `require_program("chromium", "google-chrome")`; the first found wins.
    """

    def find(*names: str) -> str:
        for name in names:
            if path := shutil.which(name, path=PROGRAM_PATH):
                return path
        _refuse(names[0])

    return find


@pytest.fixture(scope="session")
def postgresql(require_program: Callable[..., str]) -> Iterator[Cluster]:
    """A PostgreSQL server of our own, for all tests that want one."""
    cluster = Cluster(require_program("initdb"), require_program("postgres"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()


@pytest.fixture
def postgresql_url(postgresql: Cluster) -> Iterator[str]:
    """The URL of a new database, which is dropped after the test."""
    name = postgresql.create()
    yield postgresql.url(name)
    postgresql.drop(name)


@pytest.fixture(scope="session")
def redis_server(require_program: Callable[..., str]) -> Iterator[RedisServer]:
    """A Redis of our own, for all tests that want one."""
    server = RedisServer(require_program("redis-server"))
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of our Redis, which is empty."""
    redis_server.empty()
    return redis_server.url


def _skip_reason(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests did not run and why, above pytest's line that counts them all."""
    reports = terminalreporter.stats.get("skipped", [])
    skipped = collections.Counter(map(_skip_reason, reports))
    for reason, count in skipped.most_common():
        terminalreporter.write_line(f"not run: {count} test{'s' * (count != 1)}: {reason}")
