import dataclasses
import io
import os
import pwd
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from penstock import __version__
from penstock.cli import serve
from penstock.cli.error import CommandError
from penstock.cli.machine import default_workers
from penstock.cli.parser import parse_words
from penstock.cli.serve import (
    Planner,
    agent_runner,
    announcer,
    banner,
    check_logs,
    enter_folder,
    location,
    make_plan,
    open_ops,
    own_part,
    run_serve,
    settle,
    start_reloading,
)
from penstock.config import (
    AgentConfig,
    Config,
    ConfigError,
    DogStatsDConfig,
    OTLPConfig,
    ServerConfig,
    WSGIConfig,
)
from penstock.wsgi import ApplicationLoadError, load_application


def planner(folder: Path, ops=None) -> Planner:
    return Planner(parse_words(["serve", "planned_app"]), folder, ops)


def config_with(**changes: object) -> Config:
    return Config(server=dataclasses.replace(ServerConfig(), **changes))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder; the search path of modules is put back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def test_no_workers_given_means_what_the_machine_allows() -> None:
    assert settle(config_with(workers=0)).server.workers == default_workers()


def test_workers_given_stay() -> None:
    assert settle(config_with(workers=3)).server.workers == 3


@pytest.mark.parametrize("word", ["127.0.0.1:99999", "::1:8000", "fd://x", "unix:"])
def test_address_that_is_none_is_refused_before_anything_starts(word: str) -> None:
    with pytest.raises(ConfigError, match="address"):
        settle(config_with(bind=("127.0.0.1:0", word)))
    with pytest.raises(ConfigError, match="address"):
        settle(config_with(ops=word))


@pytest.mark.parametrize(
    "wsgi",
    [
        pytest.param(WSGIConfig(trusted_proxies=("10.0.0.1/8",)), id="network"),
        pytest.param(WSGIConfig(forwarding_fields=("x-forwarded-fro",)), id="field"),
    ],
)
def test_trusted_proxy_that_is_none_is_refused_before_anything_starts(wsgi: WSGIConfig) -> None:
    with pytest.raises(ConfigError, match="expected"):
        settle(Config(wsgi=wsgi))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"dogstatsd": ("8125",)}, id="in"),
        pytest.param({"dogstatsd_out": "yes"}, id="out"),
        pytest.param({"dogstatsd_buckets": ("1", "x")}, id="buckets"),
    ],
)
def test_dogstatsd_that_the_agent_could_not_use_is_refused_before_anything_starts(options: dict) -> None:
    with pytest.raises(ConfigError, match="expected"):
        settle(Config(dogstatsd=DogStatsDConfig(**options)))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"otlp_endpoint": "localhost:4318"}, id="endpoint"),
        pytest.param({"otlp_endpoint": "http://localhost:4318", "otlp_headers": ("x",)}, id="headers"),
    ],
)
def test_otlp_that_the_agent_could_not_use_is_refused_before_anything_starts(options: dict) -> None:
    with pytest.raises(ConfigError, match="; expected"):
        settle(Config(otlp=OTLPConfig(**options)))


def test_reload_without_its_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="needs the package watchfiles"):
        settle(config_with(reload=True))


def test_folder_is_entered_and_modules_are_found_from_it(folder: Path) -> None:
    (folder / "site").mkdir()
    enter_folder("site")
    assert Path.cwd() == folder / "site"
    assert sys.path[0] == str(folder / "site")


def test_current_folder_is_found_from_once(folder: Path) -> None:
    enter_folder("")
    enter_folder("")
    assert sys.path.count(str(folder)) == 1


def test_folder_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="--chdir 'nope': no such file or directory"):
        enter_folder("nope")


@pytest.mark.parametrize("option", ["access_log", "error_log"])
def test_log_in_a_folder_that_is_not_there_is_refused(folder: Path, option: str) -> None:
    flag = f"--{option.replace('_', '-')}"
    with pytest.raises(CommandError, match=f"{flag} 'logs/x.log': there is no folder 'logs'"):
        check_logs(AgentConfig(**{option: "logs/x.log"}))
    with pytest.raises(CommandError, match=f"{flag} '..' is a folder"):
        check_logs(AgentConfig(**{option: ".."}))


@pytest.mark.parametrize("word", ["text", "json", "common", "combined", "{peer} {status}"])
def test_a_log_format_that_can_be_used_is_accepted(word: str) -> None:
    assert check_logs(AgentConfig(access_log_format=word)) is None


def test_a_log_format_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown field \{statsu\}; did you mean \{status\}"):
        check_logs(AgentConfig(access_log_format="{statsu}"))


@pytest.mark.parametrize("word", ["-", "off", "x.log"])
def test_log_that_can_be_written_is_accepted(folder: Path, word: str) -> None:
    assert check_logs(AgentConfig(access_log=word)) is None


def test_application_that_fails_shows_its_own_lines_only(folder: Path) -> None:
    (folder / "failing_app.py").write_text("import json\njson.loads('')\n")
    enter_folder("")
    with pytest.raises(ApplicationLoadError) as failed:
        own_part(load_application)("failing_app")
    assert failed.value.__cause__ is not None
    frames = traceback.extract_tb(failed.value.__cause__.__traceback__)
    assert frames[0].filename == str(folder / "failing_app.py")


def test_application_that_is_not_there_has_no_traceback_at_all(folder: Path) -> None:
    with pytest.raises(ApplicationLoadError) as failed:
        own_part(load_application)("no_such_app")
    assert failed.value.__cause__ is None


def test_banner_says_what_is_served_where_by_how_many_and_how_to_stop() -> None:
    lines = banner(config_with(workers=2, threads=1), "mysite.wsgi", ["127.0.0.1:8000", "unix:/run/s"])
    assert lines == (
        f"penstock {__version__} serves mysite.wsgi with 2 workers of 1 thread\n"
        "  at      http://127.0.0.1:8000  unix:/run/s\n"
        f"  stop    Ctrl-C, or `kill {os.getpid()}` to let running requests finish\n"
        "  status  penstock status\n"
    )


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        pytest.param("127.0.0.1:8000", "http://127.0.0.1:8000", id="ipv4"),
        pytest.param("[::1]:8000", "http://[::1]:8000", id="ipv6"),
        pytest.param(":8000", "http://0.0.0.0:8000", id="every-interface"),
        pytest.param("unix:/run/s", "unix:/run/s", id="unix"),
        pytest.param("fd://3", "fd://3", id="inherited"),
    ],
)
def test_address_is_shown_as_one_would_open_it(word: str, shown: str) -> None:
    assert location(word) == shown


def test_announcement_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    announcer(Config(), "app")(["127.0.0.1:8000"])
    assert capsys.readouterr().err == banner(Config(), "app", ["127.0.0.1:8000"])


def test_announcement_to_a_closed_terminal_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    assert announcer(Config(), "app")(["127.0.0.1:8000"]) is None


def test_plan_carries_every_section_and_loads_the_target(folder: Path) -> None:
    (folder / "planned_app.py").write_text("def application(environ, start_response): return []\n")
    enter_folder("")
    config = Config()
    plan = make_plan(config, "planned_app", planner(folder))
    assert (plan.server, plan.protocol) == (config.server, config.protocol)
    assert (plan.wsgi, plan.telemetry) == (config.wsgi, config.telemetry)
    assert plan.renew().server.workers >= 1
    assert plan.load() is sys.modules["planned_app"].application


def test_agent_is_run_with_the_memory_its_options_and_the_pid_of_the_master(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[object] = []
    stand_in = ModuleType("penstock.agent")
    stand_in.run_agent = lambda *arguments: seen.extend(arguments)
    monkeypatch.setitem(sys.modules, "penstock.agent", stand_in)
    stand_in.OpsSeat = lambda *arguments: arguments
    config = config_with(threads=3)
    segment = object()
    agent_runner(config)(segment, 77)
    assert seen == [segment, config, 77, None]
    with open_ops(dataclasses.replace(config.server, ops="127.0.0.1:0")) as ops:
        agent_runner(config, ops)(segment, 77)
        assert seen[-1] == (ops.sock, 3)
    agent_runner(config, ops)(segment, 77)  # the port is closed by now
    assert seen[-1] is None


def test_agent_is_compared_by_what_is_not_the_workers_alone() -> None:
    plain = make_plan(config_with(), "app", planner(Path()))
    assert make_plan(config_with(workers=2), "app", planner(Path())).agent == plain.agent
    louder = dataclasses.replace(config_with(), agent=AgentConfig(log_level="debug"))
    assert make_plan(louder, "app", planner(Path())).agent != plain.agent


def test_ops_port_is_opened_where_one_is_asked_for_and_closed_again(folder: Path) -> None:
    with open_ops(ServerConfig()) as none:
        assert none is None
    with open_ops(ServerConfig(ops="unix:ops.sock", umask="007")) as ops:
        assert (folder / "ops.sock").stat().st_mode & 0o777 == 0o660
        assert make_plan(Config(), "app", planner(folder, ops)).ops is ops
    assert not (folder / "ops.sock").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_ops_socket_belongs_to_who_the_workers_are(folder: Path) -> None:
    with open_ops(ServerConfig(ops="unix:ops.sock", user="daemon", group="2")):
        status = (folder / "ops.sock").stat()
        assert (status.st_uid, status.st_gid) == (pwd.getpwnam("daemon").pw_uid, 2)


def test_ops_port_is_in_the_banner() -> None:
    assert "  ops     http://127.0.0.1:9000\n" in banner(Config(), "app", ["127.0.0.1:1"], "127.0.0.1:9000")


def test_watcher_is_started_when_a_hup_can_no_longer_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = []
    before = signal.getsignal(signal.SIGHUP)
    monkeypatch.setattr(serve, "start_watcher", lambda: handlers.append(signal.getsignal(signal.SIGHUP)))
    try:
        start_reloading()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert handlers == [signal.SIG_IGN]


def test_reload_is_asked_for_before_the_server_starts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(serve, "start_reloading", lambda: started.append(True))
    with pytest.raises(CommandError, match="umask 'nonsense'"):
        run_serve(parse_words(["serve", "some_app", "--reload", "--umask", "nonsense"]))
    assert started == [True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_stop_ends_process_1_before_the_master_listens(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)}
    own = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(serve, "open_standard_streams", lambda: os.kill(own, number))
    try:
        with pytest.raises(SystemExit) as ended:
            run_serve(parse_words(["serve", "some_app"]))
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert ended.value.code == 128 + number


def test_nothing_to_serve_is_said(folder: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to serve; name the application"):
        run_serve(parse_words(["serve"]))


def test_port_that_is_taken_is_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        word = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CommandError, match=f"cannot listen on {word}"):
            run_serve(parse_words(["serve", "some_app", "--bind", word]))


def test_target_of_the_configuration_is_served_where_the_command_names_none(folder: Path) -> None:
    (folder / "penstock.toml").write_text('application = "some_app"\numask = "nonsense"\n')
    with pytest.raises(CommandError, match="umask 'nonsense'"):
        run_serve(parse_words(["serve", "--bind", "127.0.0.1:0"]))


def test_after_the_server_has_stopped_no_signal_changes_the_exit_status(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {number: signal.getsignal(number) for number in serve.LATE_SIGNALS}
    monkeypatch.setattr(serve, "serve", lambda plan: 7)
    try:
        assert run_serve(parse_words(["serve", "some_app"])) == 7
        for number in serve.LATE_SIGNALS:
            os.kill(os.getpid(), number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
