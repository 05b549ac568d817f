import os
import sys
from pathlib import Path

import pytest

from penstock.cli.project.scan import is_there, python_files, scan_folder, used_names


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import django.http", [(1, "django.http")], id="import"),
        pytest.param("from django.db import models", [(1, "django.db.models")], id="from"),
        pytest.param("from django import forms as f", [(1, "django.forms")], id="from-the-top"),
        pytest.param("from django.http import *", [(1, "django.http")], id="star"),
        pytest.param("\nM = ['django.middleware.gzip.G']", [(2, "django.middleware.gzip.G")], id="text"),
        pytest.param("from penstock.web.urls import path", [(1, "penstock.web.urls.path")], id="ours"),
        pytest.param("from .django import db; import djangorestframework", [], id="others"),
        pytest.param("'see django.db for more'", [], id="prose"),
        pytest.param("import django", [(1, "django")], id="itself"),
        pytest.param("logging.getLogger('django.request'); getLogger('django.db')", [], id="loggers"),
        pytest.param("{'loggers': {'django.db.backends': {}, **more}}", [], id="keys"),
        pytest.param("{'BACKEND': 'django.db.x'}", [(1, "django.db.x")], id="values"),
        pytest.param("patch('django.db.x')", [(1, "django.db.x")], id="argument"),
    ],
)  # fmt: skip
def test_source_is_read_for_names(source: str, expected: list[tuple[int, str]]) -> None:
    assert list(used_names(source.encode())) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("django.http.HttpResponse", True),
        ("django.urls", True),
        ("penstock.web.urls.path", True),
        ("django.views.generic.TemplateView.as_view", True),
        ("django.db.models", False),
        ("django.shortcuts.get_object_or_404", False),
        ("django.views.generic.ListView", False),
        ("penstock.web.nothing", False),
        ("django.views.generic.Nobody.as_view", False),
    ],
)
def test_name_is_there_or_not(name: str, expected: bool) -> None:
    assert is_there(name) is expected


def test_name_whose_package_is_not_installed_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "penstock.web.template.backends.jinja2", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    is_there.cache_clear()
    assert is_there("django.template.backends.jinja2.Jinja2")
    is_there.cache_clear()


def test_missing_name_comes_with_file_line_and_advice(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("\nfrom django.db import models\n")
    (missing,) = scan_folder(tmp_path).missing
    assert (missing.path.name, missing.line, missing.name) == ("models.py", 2, "django.db.models")
    assert "SQLAlchemy" in missing.advice


def test_name_that_a_module_has_not_is_told_where_it_is_reached(tmp_path: Path) -> None:
    source = """
from django.conf import settings
from django.views import View, generic
import django.utils.timezone
class Index(generic.ListView):
    template_name = settings.MINE
class About(generic.TemplateView):
    when = django.utils.timezone.now()
    then = django.utils.timezone.utc
    other = View.mine
"""
    (tmp_path / "views.py").write_text(source)
    assert [(missing.line, missing.name) for missing in scan_folder(tmp_path).missing] == [
        (5, "django.views.generic.ListView"),
        (9, "django.utils.timezone.utc"),
    ]


def test_files_that_still_name_django_are_told(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("from django.urls import path\n")
    (tmp_path / "new.py").write_text("from penstock.web.urls import path\n")
    assert [path.name for path in scan_folder(tmp_path).still_django] == ["old.py"]


def test_file_that_is_no_python_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def (")
    (tmp_path / "b.py").write_text("import django.forms")
    scan = scan_folder(tmp_path)
    assert [path.name for path, _ in scan.unreadable] == ["a.py"]
    assert [missing.name for missing in scan.missing] == ["django.forms"]


def test_environments_hidden_and_built_folders_are_left_out(tmp_path: Path) -> None:
    for name in ("env", ".git", "build", "node_modules", "site"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "code.py").write_text("")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    assert [path.parent.name for path in python_files(tmp_path)] == ["site"]


def test_folder_that_may_not_be_read_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "code.py").write_text("")
    stat = os.stat

    def refuse(path: str | Path, **options: bool) -> os.stat_result:
        if "closed" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", refuse)  # root, who may look everywhere, runs tests as well
    assert [path.name for path in python_files(tmp_path)] == ["code.py"]


def test_missing_names_of_a_file_come_in_the_order_of_its_lines(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("A = [\n  'django.forms'\n]\nimport django.contrib.auth\n")
    assert [missing.line for missing in scan_folder(tmp_path).missing] == [2, 4]
