import os
import pwd
from pathlib import Path

import pytest

from penstock.cli.parser import parse_words
from penstock.cli.serve.ops import open_ops
from penstock.cli.serve.plan import Planner, make_plan
from penstock.config import (
    Config,
    ServerConfig,
)


def planner(folder: Path, ops=None) -> Planner:
    return Planner(parse_words(["serve", "planned_app"]), folder, ops)


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
