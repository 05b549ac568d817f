import json
from pathlib import Path

import pytest

from penstock.cli.doctor import command as doctor
from penstock.cli.doctor.command import run_doctor
from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.config import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an application; no server runs, and the machine is as good as any."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "find_masters", list)
    (tmp_path / "fine_app.py").write_text("def application(environ, start_response): return []\n")
    toml = 'user = "daemon"\nworkers = 1\nmax_connections = 16\nbacklog = 16\n'
    (tmp_path / "penstock.toml").write_text(toml)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return tmp_path


def examine(*words: str) -> int:
    return run_doctor(parse_words(["doctor", *words]))


def test_nothing_wrong_is_status_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine("fine_app") == 0
    out = capsys.readouterr().out
    assert out.startswith("fine_app: 1 x 4 threads on ")
    assert out.endswith("17 checks: 0 wrong, 0 to note\n")


def test_something_wrong_is_status_1_with_reason_and_change(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine("fine_app", "--proxy-keep-alive", "300") == 1
    out = capsys.readouterr().out
    assert "\nwrong keep-alive: we close an idle connection after 75 s, a proxy" in out
    assert "\n      -> keep_alive_s = 315" in out
    assert out.endswith("17 checks: 1 wrong, 0 to note\n")


def test_findings_are_json_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine("no_such_app", "--json") == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["name"], finding["level"]) == ("import", "wrong")
    assert set(finding) == {"name", "level", "reason", "change"}


def test_note_alone_is_status_0(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_OPS", "0.0.0.0:9000")
    assert examine("fine_app") == 0
    assert "\nnote  ops: " in capsys.readouterr().out


def test_without_an_application_the_rest_is_examined(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine() == 0
    assert capsys.readouterr().out.endswith(
        "the application was not imported: name it, `penstock doctor mysite.wsgi`\n"
    )


def test_application_of_the_configuration_is_imported(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PENSTOCK_APPLICATION", "fine_app")
    assert examine() == 0
    assert capsys.readouterr().out.startswith("fine_app: ")


@pytest.mark.parametrize("word", ["soon", "-1", "1.5", "²", "9999999"])
def test_keep_alive_of_the_proxy_that_is_no_number_is_refused(folder: Path, word: str) -> None:
    with pytest.raises(ConfigError, match="expected whole seconds"):
        examine(f"--proxy-keep-alive={word}")


def test_server_that_is_not_there_cannot_be_measured(folder: Path) -> None:
    with pytest.raises(CommandError, match="no running server"):
        examine("--pid", "77")


def test_connections_that_the_workers_may_have_are_shown(
    folder: Path, capsys: pytest.CaptureFixture[str], postgresql_url: str
) -> None:
    (folder / "data_app.py").write_text(
        "from penstock.web.conf import settings\n"
        f"settings.configure(SECRET_KEY='x', DATABASES={{'default': {{'URL': {postgresql_url!r}}}}})\n"
        "def application(environ, start_response): return []\n"
    )
    assert examine("data_app") == 0
    out = capsys.readouterr().out
    assert "\ndatabase 'default': 1 x 5 connections, twice that during a reload, of 37\n" in out
