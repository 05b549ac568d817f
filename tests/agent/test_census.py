import json
import os
import select

import pytest

from penstock.agent.agent import Agent
from penstock.agent.census import Census
from penstock.agent.crew import Crew
from penstock.agent.tenant import Tenant
from penstock.config import AgentConfig
from penstock.telemetry.memory.board import read_board
from penstock.telemetry.reading.discovery import find_agents


@pytest.fixture
def census(now):
    made = Census("machine", "/run/agent.sock", now)
    yield made
    made.close()


@pytest.fixture
def record(recorder, finished):
    return lambda: recorder.access(finished())


def test_agent_is_found_and_read_without_asking_it(census, segment, record, tmp_path, now):
    crew = Crew([census])
    agent = Agent(select.poll(), crew, print, now)
    tenant = Tenant(
        segment, AgentConfig(access_log=str(tmp_path / "a"), error_log="off"), crew, now, name="shop"
    )
    agent.admit(tenant)
    census.settle(agent, crew, lambda _: {"master_pid": 77})
    for _ in range(3):
        record()
    agent.step()
    now.pass_s(1.5)
    record()
    census.tick(now())
    (found,) = [found for found in find_agents() if found.pid == os.getpid()]
    fd = os.open(found.path, os.O_RDONLY)
    report = json.loads(read_board(fd))
    os.close(fd)
    assert (report["pid"], report["mode"], report["socket"]) == (os.getpid(), "machine", "/run/agent.sock")
    (shown,) = report["tenants"]
    assert (shown["name"], shown["master_pid"]) == ("shop", 77)
    assert (shown["access_records"], shown["access_waiting"], shown["lines"]) == (3, 1, 3)
    assert [output["kind"] for output in shown["outputs"]] == ["file", "off"]
    assert report["stations"]["agent"]["uptime_s"] == 1.5
    assert report["stations"]["agent"]["resident_bytes"] > 1 << 20
    agent.dismiss(tenant)


def test_census_before_anybody_lives_there_is_empty(census):
    assert (census.take()["tenants"], census.take()["stations"]) == ([], {})
