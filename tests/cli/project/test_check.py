import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.cli.project.startproject import make_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project("shop", tmp_path)
    return tmp_path


def check(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("SETTINGS_MODULE")}
    command = [sys.executable, "-m", "penstock", "check", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_name_that_is_not_there_is_an_error_with_advice(project: Path) -> None:
    append(project / "shop/views.py", "\nfrom penstock.web.db import models  # noqa\n")
    outcome = check(project)
    assert outcome.returncode == 1
    assert "shop/views.py:" in outcome.stdout
    assert "penstock.web.db.models is not there\n    penstock.web.db.Model" in outcome.stdout


def test_project_that_still_imports_django_is_told_once(project: Path) -> None:
    (project / "old.py").write_text("from django.http import HttpResponse\n")
    outcome = check(project)
    assert outcome.returncode == 0
    assert "names.W001: Django itself is named in 1 file: old.py" in outcome.stdout


def test_misspelt_setting_is_found(project: Path) -> None:
    append(project / "shop/settings.py", "\nSESION_COOKIE_AGE = 5\n")
    outcome = check(project)
    assert outcome.returncode == 1
    assert (
        "settings.E001: setting SESION_COOKIE_AGE is unknown; expected SESSION_COOKIE_AGE" in outcome.stdout
    )


def test_middleware_that_cannot_be_imported_is_found(project: Path) -> None:
    append(project / "shop/settings.py", "\nMIDDLEWARE += ['shop.middleware.nothing']\n")
    assert "settings.E002: MIDDLEWARE names 'shop.middleware.nothing'" in check(project).stdout


def test_mistake_in_the_urlconf_is_found(project: Path) -> None:
    append(project / "shop/urls.py", "\nurlpatterns += [path('/x', views.home, name='a:b')]\n")
    outcome = check(project)
    assert outcome.returncode == 0
    assert "urls.W002" in outcome.stdout
    assert "urls.W003" in outcome.stdout


def test_silenced_check_is_not_heard(project: Path) -> None:
    append(project / "shop/urls.py", "\nurlpatterns += [path('x', views.home, name='a:b')]\n")
    append(project / "shop/settings.py", "\nSILENCED_SYSTEM_CHECKS = ['urls.W003']\n")
    assert check(project).stdout == "nothing found\n"


def test_deployment_is_checked_when_asked_for(project: Path) -> None:
    assert "security.W018: DEBUG is on" in check(project, "--deploy").stdout


def test_findings_are_json_for_programs(project: Path) -> None:
    append(project / "shop/urls.py", "\nurlpatterns += [path('x', views.home, name='a:b')]\n")
    (finding,) = json.loads(check(project, "--json").stdout)
    assert (finding["id"], finding["level"]) == ("urls.W003", 30)


def test_project_that_cannot_be_imported_is_a_finding_not_a_traceback(project: Path) -> None:
    append(project / "shop/settings.py", "\n1 / 0\n")
    outcome = check(project)
    assert outcome.returncode == 1
    assert "settings.E003: ZeroDivisionError: division by zero (shop/settings.py:" in outcome.stdout
    assert outcome.stderr == ""


def test_folder_without_a_project_is_still_read_for_names(tmp_path: Path) -> None:
    (tmp_path / "views.py").write_text("from django.db import models\n")
    outcome = check(tmp_path)
    assert outcome.returncode == 1
    assert "names.E001" in outcome.stdout
    assert "settings.W001: which settings? none here" in outcome.stdout


def test_settings_that_are_named_and_not_there_are_an_error(tmp_path: Path) -> None:
    assert "settings.E003" in check(tmp_path, "--settings", "nothing.settings").stdout
