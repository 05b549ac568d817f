import dataclasses
from pathlib import Path

import pytest

from penstock.cli.error import CommandError
from penstock.cli.machine import default_workers
from penstock.cli.serve.refusal import check_logs, settle
from penstock.config import (
    AgentConfig,
    Config,
    ConfigError,
    DogStatsDConfig,
    OTLPConfig,
    ServerConfig,
    WSGIConfig,
)


def config_with(**changes: object) -> Config:
    return Config(server=dataclasses.replace(ServerConfig(), **changes))


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
