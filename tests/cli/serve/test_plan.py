import dataclasses
import functools
import sys
import traceback
from pathlib import Path
from types import ModuleType

import pytest

from penstock.cli.parser import parse_words
from penstock.cli.serve.command import enter_folder
from penstock.cli.serve.ops import open_ops
from penstock.cli.serve.plan import Planner, agent_runner, make_plan, own_part
from penstock.config import (
    AgentConfig,
    Config,
    ServerConfig,
)
from penstock.wsgi import ApplicationLoadError, load_application


def planner(folder: Path, ops=None) -> Planner:
    return Planner(parse_words(["serve", "planned_app"]), folder, ops)


def config_with(**changes: object) -> Config:
    return Config(server=dataclasses.replace(ServerConfig(), **changes))


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


def test_plan_carries_every_section_and_loads_the_target(folder: Path) -> None:
    (folder / "planned_app.py").write_text("def application(environ, start_response): return []\n")
    enter_folder("")
    config = Config()
    plan = make_plan(config, "planned_app", planner(folder))
    assert (plan.server, plan.protocol) == (config.server, config.protocol)
    assert (plan.wsgi, plan.telemetry) == (config.wsgi, config.telemetry)
    assert plan.renew().server.workers >= 1
    assert plan.load() is sys.modules["planned_app"].application


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, True, id="text-on-standard-error"),
        pytest.param({"error_log_format": "json"}, False, id="json-for-a-machine"),
        pytest.param({"error_log": "error.log"}, False, id="file"),
        pytest.param({"agent": "unix:agent.sock"}, False, id="agent-of-the-machine"),
    ],
)
def test_plan_knows_whether_who_sees_a_failed_start_sees_the_error_log(options, expected) -> None:
    config = dataclasses.replace(Config(), agent=AgentConfig(**options))
    assert make_plan(config, "app", planner(Path())).is_error_log_shown is expected


def test_agent_is_run_with_the_memory_its_options_and_the_pid_of_the_master(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[object] = []
    stand_in = ModuleType("penstock.agent")
    stand_in.run_agent = lambda *arguments: seen.extend(arguments)
    assumed = functools.partial(seen.append, "gave up rights")
    monkeypatch.setitem(sys.modules, "penstock.agent", stand_in)
    stand_in.OpsSeat = lambda *arguments: arguments
    config = config_with(threads=3)
    segment = object()
    agent_runner(config)(segment, 77, assumed)
    assert seen == ["gave up rights", segment, config, 77, None]
    with open_ops(dataclasses.replace(config.server, ops="127.0.0.1:0")) as ops:
        agent_runner(config, ops)(segment, 77, assumed)
        assert seen[-1] == (ops.sock, 3)
    agent_runner(config, ops)(segment, 77, assumed)  # the port is closed by now
    assert seen[-1] is None


def test_agent_is_compared_by_what_is_not_the_workers_alone() -> None:
    plain = make_plan(config_with(), "app", planner(Path()))
    assert make_plan(config_with(workers=2), "app", planner(Path())).agent == plain.agent
    louder = dataclasses.replace(config_with(), agent=AgentConfig(log_level="debug"))
    assert make_plan(louder, "app", planner(Path())).agent != plain.agent
