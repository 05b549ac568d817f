"""Who may log in, by the command line."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from spc.people import main
from tests.examples.spc.conftest import SITE
from tests.examples.spc.test_tokens import made_by, program

from penstock.web import db
from penstock.web.test import Client

pytestmark = pytest.mark.usefixtures("database")
PASSWORD = "correct horse"


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`say("add", "ada", "viewer")` runs the command, which reads the password; returns status and words."""

    def run(*words: str, password: str = PASSWORD) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
        status = main(list(words))
        db.close_sessions()
        return status, "".join(capsys.readouterr())

    return run


def logs_in(name: str, password: str) -> bool:
    return (
        Client(HTTP_HOST="localhost").post("/log-in/", {"name": name, "password": password}).status_code
        == 302
    )


def test_person_who_was_added_logs_in_with_their_role(say) -> None:
    assert say("add", "ada", "engineer") == (0, "")
    assert logs_in("ada", PASSWORD)
    assert say("list") == (0, "ada  engineer\nengineer  engineer\nviewer  viewer\n")


def test_another_password_ends_the_sessions_of_the_old_one(say, viewer: Client) -> None:
    assert viewer.get("/").status_code == 200
    assert say("password", "viewer") == (0, "")
    assert viewer.get("/").status_code == 302
    assert not logs_in("viewer", "viewer")
    assert logs_in("viewer", PASSWORD)


def test_person_who_is_shut_out_has_no_log_in_no_session_and_no_token(say, viewer: Client) -> None:
    script = program(made_by(viewer))
    assert say("shut", "viewer") == (0, "")
    assert viewer.get("/").status_code == 302
    assert script.get("/api/v1/tools/").status_code == 401
    assert not logs_in("viewer", "viewer")
    assert not logs_in("viewer", "")
    assert "viewer  viewer  shut\n" in say("list")[1]


@pytest.mark.parametrize(
    ("words", "password", "message"),
    [
        (("add", "viewer", "viewer"), PASSWORD, "'viewer' is there already"),
        (("add", " ", "viewer"), PASSWORD, "name ' '; expected 1 to 50 characters that can be printed"),
        (("add", "ada ", "viewer"), PASSWORD, "name 'ada '; expected 1 to 50 characters"),
        (("add", "a\0b", "viewer"), PASSWORD, "expected 1 to 50 characters that can be printed"),
        (("add", "ada", "viewer"), "short", "5 characters; expected a password of 8 to 200"),
        (("add", "ada", "viewer"), "x" * 201, "201 characters; expected a password of 8 to 200"),
        (("password", "ada"), PASSWORD, "'ada' is not there"),
        (("shut", "ada"), "", "'ada' is not there"),
    ],
    ids=["taken", "blank", "blank-behind", "nul", "short", "long", "nobody", "nobody-to-shut"],
)
def test_what_cannot_be_is_said_and_changes_nothing(say, words, password: str, message: str) -> None:
    status, said = say(*words, password=password)
    assert status == 1
    assert message in said
    assert say("list") == (0, "engineer  engineer\nviewer  viewer\n")


def test_role_that_is_none_is_refused(say) -> None:
    with pytest.raises(SystemExit):
        say("add", "ada", "king")


def test_command_knows_its_settings_by_itself(filled: Path) -> None:
    named = {name: value for name, value in os.environ.items() if name != "PENSTOCK_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "spc.people", "list"]
    told = subprocess.run(
        command,
        cwd=SITE,
        env=named | {"SPC_DATA": str(filled.parent)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout == "engineer  engineer\nviewer  viewer\n"
