import dataclasses
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.cli.doctor import rules
from penstock.cli.doctor.facts import DatabaseReport, Facts, ImportReport, RunningServer
from penstock.cli.doctor.finding import Level
from penstock.cli.doctor.rules import examine
from penstock.config import AgentConfig, Config, ServerConfig, WSGIConfig

GIB = 1 << 30
SERVER = {field.name for field in dataclasses.fields(ServerConfig)}
AGENT = {field.name for field in dataclasses.fields(AgentConfig)}
WSGI = {field.name for field in dataclasses.fields(WSGIConfig)}


@pytest.fixture
def facts(tmp_path: Path) -> Callable[..., Facts]:
    """A machine and a configuration on which nothing is wrong, but for what a test changes."""

    def make(**changes) -> Facts:
        parts = [{k: changes.pop(k) for k in list(changes) if k in keys} for keys in (SERVER, AGENT, WSGI)]
        config = Config(
            server=ServerConfig(**{"workers": 2} | parts[0]),
            agent=AgentConfig(**parts[1]),
            wsgi=WSGIConfig(**parts[2]),
        )
        known = {
            "config": config,
            "places": {},
            "folder": tmp_path,
            "proxy_keep_alive_s": 60.0,
            "somaxconn": 4096,
            "cpus": 2,
            "memory_bytes": 8 * GIB,
            "max_files": 65536,
            "user_id": 1000,
        }
        return Facts(**known | changes)

    return make


def test_nothing_is_found_where_nothing_is_wrong(facts) -> None:
    report = ImportReport(took_s=0.5, resident_bytes=GIB)
    assert examine(facts(imported=report, running=RunningServer(7, (GIB,)))) == []


WRONG, NOTE = Level.WRONG, Level.NOTE


@pytest.mark.parametrize(
    ("changes", "level", "name", "change"),
    [
        pytest.param({"somaxconn": 128}, WRONG, "backlog", "somaxconn=2048, or backlog = 128", id="backlog"),
        pytest.param({"workers": 5}, WRONG, "cpu", "workers = 2", id="far-too-many-workers"),
        pytest.param({"workers": 3}, NOTE, "cpu", "workers = 2", id="more-workers-than-cpus"),
        pytest.param({"threads": 65}, NOTE, "threads", "threads = 16", id="threads"),
        pytest.param(
            {"running": RunningServer(7, (5 * GIB, 3 * GIB))}, WRONG, "memory", "workers = 1", id="measured"
        ),
        pytest.param(
            {"imported": ImportReport(resident_bytes=4 * GIB)}, NOTE, "memory", "workers = 1", id="imported"
        ),
        pytest.param(
            {"running": RunningServer(7, (2 * GIB,))},
            NOTE,
            "memory",
            "workers = 1, or more memory",
            id="two-generations",
        ),
        pytest.param(
            {"max_rss_bytes": 100 << 20, "imported": ImportReport(resident_bytes=150 << 20)},
            WRONG,
            "recycling",
            'max_rss_bytes = "300 MiB"',
            id="recycled-at-once",
        ),
        pytest.param(
            {"max_requests": 1000}, NOTE, "recycling", "max_requests_jitter = 100", id="recycled-together"
        ),
        pytest.param({"max_files": 4096}, WRONG, "files", "max_connections = 3072", id="files"),
        pytest.param({"max_files": 256}, WRONG, "files", "LimitNOFILE=11024", id="hardly-any-files"),
        pytest.param({"keep_alive_s": 20.0}, WRONG, "keep-alive", "keep_alive_s = 75", id="keep-alive"),
        pytest.param({"proxy_keep_alive_s": 75.0}, WRONG, "keep-alive", "keep_alive_s = 90", id="proxy"),
        pytest.param(
            {"graceful_timeout_s": 10.0}, WRONG, "timeouts", "graceful_timeout_s = 30", id="graceful"
        ),
        pytest.param({"header_timeout_s": 80.0}, WRONG, "timeouts", "header_timeout_s = 10", id="header"),
        pytest.param({"header_timeout_s": 70.0}, NOTE, "timeouts", "header_timeout_s = 10", id="long-header"),
        pytest.param({"max_queue_wait_ms": 31000}, NOTE, "timeouts", "proxy_read_timeout", id="long-wait"),
        pytest.param({"max_queue_wait_ms": 0}, NOTE, "timeouts", "proxy_read_timeout", id="endless-wait"),
        pytest.param(
            {"is_in_kubernetes": True}, NOTE, "timeouts", "terminationGracePeriodSeconds: 45", id="kubernetes"
        ),
        pytest.param({"trusted_proxies": ("*",)}, WRONG, "trusted-proxies", "10.0.0.5", id="star"),
        pytest.param({"trusted_proxies": ("::/0",)}, WRONG, "trusted-proxies", "10.0.0.5", id="everybody"),
        pytest.param({"bind": (":80",)}, NOTE, "trusted-proxies", "10.0.0.5", id="public"),
        pytest.param({"bind": ("example.com:80",)}, NOTE, "trusted-proxies", "10.0.0.5", id="public-name"),
        pytest.param({"bind": ("unix:/run/s",)}, NOTE, "trusted-proxies", '"unix"', id="unix"),
        pytest.param({"ops": "0.0.0.0:9000"}, NOTE, "ops", "127.0.0.1:9000", id="ops"),
        pytest.param({"user_id": 0}, WRONG, "user", "user =", id="root"),
        pytest.param({"user_id": 0, "user": "root"}, WRONG, "user", "user =", id="root-by-name"),
        pytest.param({"user_id": 0, "user": "0"}, WRONG, "user", "user =", id="root-by-number"),
        pytest.param({"user_id": 0, "user": "no-such"}, WRONG, "user", "adduser", id="no-such-user"),
        pytest.param({"user": "daemon"}, WRONG, "user", "start it as root", id="not-root"),
        pytest.param({"spool_dir": "/proc/no"}, WRONG, "spool", "spool_dir", id="spool"),
        pytest.param({"access_log": "no/a.log"}, WRONG, "access-log", "mkdir -p", id="access-log"),
        pytest.param({"error_log": "/proc/no/e.log"}, WRONG, "error-log", "mkdir -p", id="error-log"),
        pytest.param({"access_log": f"{__file__}/a"}, WRONG, "access-log", "mkdir -p", id="log-below-a-file"),
        pytest.param({"error_log": "/"}, WRONG, "error-log", "error_log", id="log-is-a-folder"),
        pytest.param({"pid_file": "no/pid"}, WRONG, "pid-file", "mkdir -p", id="pid-file"),
        pytest.param(
            {"imported": ImportReport(failure="no module")}, WRONG, "import", "traceback", id="import"
        ),
        pytest.param({"imported": ImportReport(took_s=11.0)}, NOTE, "import", "preload", id="slow-import"),
        pytest.param(
            {"imported": ImportReport(hazards=("thread 'x'",))}, NOTE, "preload", "on_worker_start", id="auto"
        ),
        pytest.param(
            {"imported": ImportReport(hazards=("thread 'x'",)), "preload": "on"},
            WRONG,
            "preload",
            "on_worker_start",
            id="on",
        ),
    ],
)
def test_what_will_hurt_is_found_and_the_line_to_change_named(
    facts, changes: dict[str, object], level: Level, name: str, change: str
) -> None:
    (finding,) = examine(facts(**changes))
    assert (finding.level, finding.name) == (level, name)
    assert change in finding.change


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"somaxconn": None}, id="somaxconn-unknown"),
        pytest.param({"keep_alive_s": 0.0}, id="keep-alive-off"),
        pytest.param({"memory_bytes": None, "running": RunningServer(7, (GIB,))}, id="memory-unknown"),
        pytest.param({"running": RunningServer(7, ())}, id="nothing-measured"),
        pytest.param({"trusted_proxies": ("10.0.0.0/8",), "bind": (":80",)}, id="proxy-named"),
        pytest.param({"trusted_proxies": ("unix",), "bind": ("unix:/run/s",)}, id="unix-named"),
        pytest.param({"bind": ("localhost:80", "[::1]:80", "fd://3")}, id="not-public"),
        pytest.param({"ops": "127.0.0.1:9000"}, id="ops-on-loopback"),
        pytest.param({"max_requests": 1000, "max_requests_jitter": 100}, id="recycled-one-by-one"),
        pytest.param({"max_requests": 1000, "workers": 1}, id="recycled-alone"),
        pytest.param(
            {"max_rss_bytes": GIB, "running": RunningServer(7, (150 << 20,))}, id="recycled-when-large"
        ),
        pytest.param({"user_id": 0, "user": "daemon"}, id="root-becomes-somebody"),
        pytest.param({"user_id": 0, "user": "12345"}, id="root-becomes-a-number"),
        pytest.param({"access_log": "a.log", "error_log": "e.log", "pid_file": "pid"}, id="files-to-write"),
        pytest.param(
            {"imported": ImportReport(hazards=("thread 'x'",)), "preload": "off"}, id="nothing-is-forked"
        ),
        pytest.param({"reload": True}, id="reload-on-loopback"),
    ],
)
def test_what_is_well_is_not_complained_of(facts, changes: dict[str, object]) -> None:
    assert examine(facts(**changes)) == []


def test_line_to_change_is_found_where_it_stands(facts) -> None:
    changes = {"keep_alive_s": 20.0, "places": {"keep_alive_s": "penstock.toml line 3"}}
    (finding,) = examine(facts(**changes))
    assert finding.change.startswith("keep_alive_s = 75 ")
    assert finding.change.endswith("; it is set by penstock.toml line 3")


def test_what_is_wrong_comes_first(facts) -> None:
    levels = [
        finding.level for finding in examine(facts(bind=(":80",), reload=True, somaxconn=1, threads=99))
    ]
    assert levels == [WRONG, NOTE, NOTE, NOTE]


def test_pid_file_that_names_a_stranger_is_found(facts, tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    (finding,) = examine(facts(pid_file="pid"))
    assert finding.change == f"rm {tmp_path}/pid"
    assert examine(facts(pid_file="pid", running=RunningServer(os.getpid(), ()))) == []
    (tmp_path / "pid").write_text("999999999\n")
    assert examine(facts(pid_file="pid")) == []


def test_machine_without_a_temporary_folder_is_noted(facts, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_is_usable() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(rules.tempfile, "gettempdir", none_is_usable)
    (finding,) = examine(facts())
    assert (finding.level, finding.name) == (NOTE, "spool")


def test_spool_folder_is_looked_for_where_the_server_works(facts, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    assert examine(facts(spool_dir="spool")) == []
    assert stat.S_ISDIR((tmp_path / "spool").stat().st_mode)
    assert list((tmp_path / "spool").iterdir()) == []


def databases(*reports: DatabaseReport) -> ImportReport:
    return ImportReport(databases=reports)


@pytest.mark.parametrize(
    ("database", "level", "change"),
    [
        pytest.param(
            DatabaseReport("default", max_connections=37),
            WRONG,
            "MAX_CONNECTIONS: 37",
            id="more-than-allowed",
        ),
        pytest.param(
            DatabaseReport("default", budget=7), WRONG, "MAX_CONNECTIONS: 8 or more", id="none-each"
        ),
        pytest.param(DatabaseReport("default", budget=24), NOTE, "or threads = 3", id="fewer-than-threads"),
        pytest.param(DatabaseReport("default", failure="refused"), NOTE, "the network", id="away"),
    ],
)
def test_connections_that_do_not_suffice_are_found(facts, database, level, change) -> None:
    (finding,) = examine(facts(workers=4, cpus=4, imported=databases(database)))
    assert (finding.level, finding.name) == (level, "databases")
    assert change in finding.change


def test_connections_that_suffice_are_well(facts) -> None:
    well = databases(DatabaseReport("default", max_connections=100), DatabaseReport("other", budget=40))
    assert examine(facts(workers=4, cpus=4, imported=well)) == []
