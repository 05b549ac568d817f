import dataclasses
import io
import os
import sys

import pytest

from penstock import __version__
from penstock.cli.serve.banner import announcer, banner, location
from penstock.config import (
    Config,
    ServerConfig,
)


def config_with(**changes: object) -> Config:
    return Config(server=dataclasses.replace(ServerConfig(), **changes))


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


def test_ops_port_is_in_the_banner() -> None:
    assert "  ops     http://127.0.0.1:9000\n" in banner(Config(), "app", ["127.0.0.1:1"], "127.0.0.1:9000")
