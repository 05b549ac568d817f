"""The site of examples/spc in this process: its settings while these tests run, and a database for each test.

Three parameters of one tool, 60 subgroups each: `thickness` (five values), `pressure` (one), `scratches`
(defectives of 100). Subgroup 50 of `thickness` lies far beyond its limits.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spc.account.password import hash_password
from spc.alarms import watch
from spc.drawn import forget_drawn
from spc.limits import put_limits_into_force, setting_of
from spc.models import Chart, Measure, Measurement, Parameter, Subgroup, Tool, User
from spc.prepare import PEOPLE
from spc.rules import BEGINNING, put_into_force

import penstock.web.contrib.sessions.models  # noqa: F401 - its table is one of those that are made
from penstock.web import db
from penstock.web.conf import Settings, UserSettingsHolder, settings
from penstock.web.core.signals import setting_changed
from penstock.web.test import Client
from penstock.web.urls import clear_url_caches

SUBGROUPS = 60
SITE = Path(__file__).parents[3] / "examples" / "spc"


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spc")
    os.environ["SPC_DATA"] = str(path)
    sys.modules.pop("spc.settings", None)
    return path


@pytest.fixture(scope="session")
def site_settings(data: Path) -> Settings:
    return Settings("spc.settings")


@pytest.fixture(scope="session")
def filled(site_settings: Settings, data: Path) -> Path:
    """A database file with all tables, two people and the sample above."""
    run_in_site(data, "penstock", "migrate")
    with in_force(site_settings):
        _fill(PEOPLE)
    path = data / "filled.sqlite3"
    with contextlib.closing(sqlite3.connect(data / "spc.sqlite3")) as connection:
        connection.execute(f"VACUUM INTO '{path}'")
    return path


@pytest.fixture
def database(filled: Path, site_settings: Settings, tmp_path: Path) -> Iterator[None]:
    """The site with a database of the test's own, and a folder for uploads."""
    shutil.copy(filled, tmp_path / "spc.sqlite3")
    with in_force(_layer(site_settings, f"sqlite:///{tmp_path / 'spc.sqlite3'}", tmp_path / "uploads")):
        yield


@pytest.fixture
def migrated_postgresql(
    site_settings: Settings, data: Path, postgresql_url: str, tmp_path: Path
) -> Iterator[Callable[..., str]]:
    """The same, made by the migrations; `run("penstock", ...)` runs a command on it."""

    def run(*words: str) -> str:
        return run_in_site(data, *words, SPC_DATABASE=postgresql_url)

    run("penstock", "migrate")
    with in_force(_layer(site_settings, postgresql_url, tmp_path / "uploads")):
        _fill(PEOPLE)
        db.close_sessions()
        yield run


@pytest.fixture
def on_postgresql(site_settings: Settings, postgresql_url: str, tmp_path: Path) -> Iterator[None]:
    """The same in PostgreSQL, where several write at a time."""
    with in_force(_layer(site_settings, postgresql_url, tmp_path / "uploads")):
        db.Model.metadata.create_all(db.engine())
        _fill(PEOPLE)
        db.close_sessions()
        yield


def _layer(site_settings: Settings, url: str, uploads: Path) -> UserSettingsHolder:
    """Return the site's settings with another database, and with a new folder for uploads."""
    uploads.mkdir()
    forget_drawn()
    layer = UserSettingsHolder(site_settings)
    layer.DATABASES = {"default": {"URL": url}}
    layer.FILE_UPLOAD_TEMP_DIR = uploads
    return layer


@contextlib.contextmanager
def in_force(layer: Any) -> Iterator[None]:
    """Let settings be these, for no longer than a test: others in this process have their own."""
    before = settings._wrapped
    _use(layer)
    yield
    db.close_sessions()
    _use(before)


@pytest.fixture
def log_in(database: None) -> Callable[..., Client]:
    """`log_in("viewer")` is a browser in which a viewer has logged in."""

    def logged_in(name: str, **options: Any) -> Client:
        client = Client(HTTP_HOST="localhost", **options)
        answer = client.post("/log-in/", {"name": name, "password": name})
        assert answer.status_code == 302
        return client

    return logged_in


@pytest.fixture
def engineer(log_in: Callable[..., Client]) -> Client:
    return log_in("engineer")


@pytest.fixture
def viewer(log_in: Callable[..., Client]) -> Client:
    return log_in("viewer")


@pytest.fixture
def anybody(database: None) -> Client:
    return Client(HTTP_HOST="localhost")


def run_in_site(data: Path, *words: str, **variables: str) -> str:
    """Run `python -m ...` in the site's folder; return what it said."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=SITE,
        env=os.environ | {"SPC_DATA": str(data), "PENSTOCK_SETTINGS_MODULE": "spc.settings"} | variables,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def _use(layer: Any) -> None:
    """Put settings into place and tell everybody who derives something from them."""
    settings._wrapped = layer
    for name in dir(layer):
        if name.isupper():
            setting_changed.send(sender=type(settings), setting=name, value=getattr(layer, name), enter=True)
    clear_url_caches()


def _fill(people: Any) -> None:
    session = db.session()
    session.add_all(
        User(name=name, role=role, password_hash=hash_password(name)) for name, role in people.items()
    )
    tool = Tool(name="FUR-01", area="diffusion")
    generator = np.random.default_rng(7)
    for name, width, measure, kind in [
        ("thickness", 5, Measure.VALUES, "xbar-r"),
        ("pressure", 1, Measure.VALUES, "i-mr"),
        ("scratches", 1, Measure.DEFECTIVES, "p"),
    ]:
        parameter = Parameter(
            tool=tool, name=name, unit="nm", subgroup_size=width, measure=measure, last_number=SUBGROUPS
        )
        chart = Chart(parameter=parameter, kind=kind, baseline_count=40)
        if name == "thickness":
            chart.lower_spec, chart.upper_spec = 88.0, 96.0
        session.add(chart)
        session.flush()
        values = generator.uniform(91.5, 92.5, (SUBGROUPS, width))
        if measure is not Measure.VALUES:
            values = generator.binomial(100, 0.05, (SUBGROUPS, 1)).astype(float)
        elif name == "thickness":
            values[49] += 5
        session.add_all(
            Subgroup(parameter_id=parameter.id, number=n + 1, taken_s=1_760_000_000 + 2700 * n, size=100)
            for n in range(SUBGROUPS)
        )
        session.flush()
        session.add_all(
            Measurement(parameter_id=parameter.id, number=n + 1, position=p, value=float(values[n, p]))
            for n in range(SUBGROUPS)
            for p in range(width)
        )
        put_limits_into_force(chart, setting_of(chart), after=0, author=None, remark="the beginning")
        put_into_force(chart, BEGINNING, after=0, author=None, remark="the beginning")
        session.commit()
        watch(chart)
        session.commit()
