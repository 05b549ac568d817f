import os
import stat
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from penstock.cli.error import CommandError
from penstock.cli.project.startproject import check_name, make_project, run_startproject
from penstock.config import ConfigError


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("SETTINGS_MODULE")}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, env=environment, check=False
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "shop"
    made = run(folder.parent, "-m", "penstock", "startproject", "shop")
    assert made.returncode == 0, made.stderr
    return folder


def test_made_project_passes_its_own_tests(project: Path) -> None:
    outcome = run(project, "-m", "unittest")
    assert outcome.returncode == 0, outcome.stderr
    assert "Ran 4 tests" in outcome.stderr


def test_made_project_satisfies_mypy(project: Path) -> None:
    outcome = run(project, "-m", "mypy", "--strict", "--cache-dir", os.devnull, ".")
    assert outcome.returncode == 0, outcome.stdout


def test_missing_jinja2_is_the_first_of_the_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)  # as if it were not installed
    folder = tmp_path / "made"
    assert run_startproject(Namespace(name="shop_without_jinja2", folder=str(folder))) == 0
    assert capsys.readouterr().out.split("\n", 2)[2].splitlines() == [
        "    pip install 'penstock[web]'",
        f"    cd {folder}",
        "    penstock serve",
    ]


def test_project_made_in_the_current_folder_needs_no_step_into_it(tmp_path: Path) -> None:
    made = run(tmp_path, "-m", "penstock", "startproject", "shop", ".")
    assert made.stdout == "shop is ready in this folder:\n\n    penstock serve\n"


def test_made_project_has_nothing_to_check(project: Path) -> None:
    outcome = run(project, "-m", "penstock", "check")
    assert (outcome.returncode, outcome.stdout) == (0, "nothing found\n")


def test_made_project_lists_its_routes(project: Path) -> None:
    lines = run(project, "-m", "penstock", "routes").stdout.splitlines()
    assert lines[1].split() == ["/", "home", "shop.views.home"]


def test_made_project_is_a_wsgi_application(project: Path) -> None:
    program = (
        "from shop.wsgi import application\n"
        "from wsgiref.util import setup_testing_defaults\n"
        "environ = {'HTTP_HOST': 'localhost'}; setup_testing_defaults(environ)\n"
        "body = application(environ, lambda status, headers: print(status))\n"
        "print(b''.join(body).decode())\n"
    )
    outcome = run(project, "-c", program)
    assert outcome.stdout.startswith("200 OK")
    assert "shop works" in outcome.stdout


def test_secret_stands_in_the_ignored_file_alone(project: Path) -> None:
    secret = (project / ".env").read_text().split("SECRET_KEY=")[1].split("\n")[0]
    others = [path for path in project.rglob("*") if path.is_file() and path.name != ".env"]
    assert len(secret) >= 50
    assert not [path for path in others if secret in path.read_text(errors="replace")]
    assert ".env" in (project / ".gitignore").read_text().splitlines()


def test_secret_may_be_read_by_its_owner_alone(project: Path) -> None:
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600


def test_secret_of_each_project_is_its_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_project(name, tmp_path / name)
    assert (tmp_path / "one/.env").read_text() != (tmp_path / "two/.env").read_text()


def test_missing_secret_is_one_line_at_boot(project: Path, tmp_path: Path) -> None:
    make_project("bare", tmp_path)
    (tmp_path / ".env").unlink()
    outcome = run(tmp_path, "-m", "penstock", "routes")
    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1
    assert "SECRET_KEY" in outcome.stderr


def test_no_placeholder_is_left(project: Path) -> None:
    assert not [path for path in project.rglob("*.*") if path.is_file() and b"${" in path.read_bytes()]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("my-site", id="hyphen"),
        pytest.param("1site", id="digit"),
        pytest.param("class", id="keyword"),
        pytest.param("", id="empty"),
    ],
)
def test_name_that_cannot_be_imported_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="expected letters"):
        check_name(name)


@pytest.mark.parametrize("name", ["json", "penstock"])
def test_name_of_another_module_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="taken"):
        check_name(name)


def test_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(CommandError, match=r"README\.md exists"):
        make_project("shop", tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / "README.md"]


def test_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot write"):
        make_project("shop", tmp_path / "file" / "below")
