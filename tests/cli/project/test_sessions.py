import importlib
from argparse import Namespace

import pytest

from penstock.cli.error import CommandError
from penstock.cli.project import sessions
from penstock.web.conf import settings
from penstock.web.test import override_settings

FILES = "penstock.web.contrib.sessions.backends.file"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Namespace:
    """A project that is set up already."""
    if not settings.configured:  # as tests of the framework do for the processes that they run in
        settings.configure(SECRET_KEY="secret of the tests", LOGGING_CONFIG=None)
    monkeypatch.setattr(sessions, "set_up_site", lambda name: name)
    return Namespace(settings="")


def test_sessions_that_are_over_are_removed_without_a_word(here, tmp_path, capsys) -> None:
    with override_settings(SESSION_ENGINE=FILES, SESSION_FILE_PATH=str(tmp_path), SESSION_COOKIE_AGE=-1):
        session = importlib.import_module(FILES).SessionStore()
        session["name"] = "Ada"
        session.save()
        assert list(tmp_path.iterdir())
        assert sessions.run_clearsessions(here) == 0
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_engine_that_cannot_clear_is_said_with_its_reason(here) -> None:
    with (
        override_settings(SESSION_ENGINE="no.such.engine"),
        pytest.raises(
            CommandError, match=r"sessions of 'no\.such\.engine' cannot be cleared: No module named"
        ),
    ):
        sessions.run_clearsessions(here)
    assert settings.SESSION_ENGINE != "no.such.engine"
