"""docs/from-django.md is true: its command turns a small Django site into one of penstock.web."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.cli.project.scan import is_there

HERE = Path(__file__).parent
PAGE = Path(__file__).parents[3] / "docs/from-django.md"


def run(folder, *command):
    environment = {name: value for name, value in os.environ.items() if not name.endswith("SETTINGS_MODULE")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def commands():
    """Return the shell commands of the page, in order."""
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def site(tmp_path):
    shutil.copytree(HERE / "board", tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site"


@pytest.fixture
def migrated(site):
    done = run(site, "bash", "-c", commands()[0])
    assert done.returncode == 0, done.stderr
    return site


def test_site_passes_its_tests_on_django(site):
    pytest.importorskip("django")
    done = run(site, sys.executable, "-m", "unittest", "checks")
    assert done.returncode == 0, done.stderr


def test_site_passes_its_tests_after_the_command(migrated):
    program = "import sys; sys.modules['django'] = None; import unittest; unittest.main('checks')"
    done = run(migrated, sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    assert "Ran 10 tests" in done.stderr


def test_site_has_nothing_to_check_after_the_command(migrated):
    assert commands()[1] == "penstock check\n"
    done = run(migrated, sys.executable, "-m", "penstock", "check")
    assert (done.returncode, done.stdout) == (0, "nothing found\n")


def test_site_is_told_of_before_the_command(site):
    done = run(site, sys.executable, "-m", "penstock", "check")
    assert "Django itself is named in" in done.stdout


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import django", "import penstock.web"),
        ("django.setup()", "penstock.web.setup()"),
        ("from django import http", "from penstock.web import http"),
        ("'django.backends.django.Templates'", "'penstock.web.backends.django.Templates'"),
        ("import my.django.module", "import my.django.module"),
        ("import mydjango.module", "import mydjango.module"),
        ("url = 'https://docs.djangoproject.com/'", "url = 'https://docs.djangoproject.com/'"),
        ("file = 'locale/django.po'", "file = 'locale/django.po'"),
        ("from rest_framework import django_x", "from rest_framework import django_x"),
    ],
)  # fmt: skip
def test_command_changes_names_of_django_and_nothing_else(tmp_path, line, expected):
    (tmp_path / "code.py").write_text(f"# django\n{line}\n")
    assert run(tmp_path, "bash", "-c", commands()[0]).returncode == 0
    assert (tmp_path / "code.py").read_text() == f"# django\n{expected}\n"


def test_page_names_nothing_as_there_that_is_not():
    table = PAGE.read_text(encoding="utf-8").split("## What is there")[1].split("## What is not")[0]
    rows = re.findall(r"^\| `([a-z.]+)` \| (.*) \|$", table, re.MULTILINE)
    claims = [
        f"django.{package}.{name}" for package, text in rows for name in re.findall(r"`([A-Za-z_.]+)`", text)
    ]
    claims += [f"django.{package}" for package, _ in rows]
    claims = [claim for claim in claims if ".handler" not in claim]  # attributes of a URLconf
    assert [claim for claim in claims if not is_there(claim)] == []
    assert len(claims) > 40
