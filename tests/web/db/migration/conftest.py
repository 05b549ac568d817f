"""A project with two apps, one of which refers to the other, in a folder of its own."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.flows.harness import clean_environment

SETTINGS = """\
SECRET_KEY = "x"
ROOT_URLCONF = "proj.urls"
INSTALLED_APPS = ["shop", "stock"]
DATABASES = {"default": {"URL": "sqlite:///site.db"}}
"""
SHOP = """\
import datetime as dt
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column
from penstock.web import db

class Order(db.Model):
    __tablename__ = "shop_order"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    item: Mapped[int] = mapped_column(sa.ForeignKey("stock_item.id"), index=True)
"""
STOCK = """\
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column
from penstock.web import db

class Item(db.Model):
    __tablename__ = "stock_item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
"""


class Project:
    """A project in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> "Project":
        """Write its files."""
        for package, files in {
            "proj": {"settings.py": SETTINGS, "urls.py": "urlpatterns = []\n"},
            "shop": {"models.py": SHOP},
            "stock": {"models.py": STOCK},
        }.items():
            for name, text in {"__init__.py": "", **files}.items():
                self.write(f"{package}/{name}", text)
        return self

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)

    def append(self, name: str, text: str) -> None:
        self.write(name, (self.folder / name).read_text() + text)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "penstock", *words],
            cwd=self.folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, status: int = 0) -> list[str]:
        """Run a command to its end, and return its lines."""
        with self.start(*words) as process:
            said, _ = process.communicate(timeout=60)
        assert process.returncode == status, said
        return said.splitlines()

    def files(self, app: str) -> list[str]:
        return sorted(path.name for path in (self.folder / app / "migrations").glob("[!_]*.py"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path).fill()


@pytest.fixture(scope="module")
def migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project with its first migrations made: each test has a copy."""
    project = Project(tmp_path_factory.mktemp("migrated")).fill()
    project.run("makemigrations")
    project.run("migrate")
    return project.folder


@pytest.fixture
def migrated(project: Project, migrated_once: Path) -> Project:
    """The project, with its first migrations made."""
    shutil.copytree(migrated_once, project.folder, dirs_exist_ok=True)
    return project


@pytest.fixture
def query(project: Project) -> Callable[[str], list]:
    """Ask the project's database."""
    import sqlite3  # noqa: PLC0415 - with the fixture alone

    def ask(statement: str) -> list:
        connection = sqlite3.connect(project.folder / "site.db")
        try:
            with connection:
                return connection.execute(statement).fetchall()
        finally:
            connection.close()

    return ask
