"""A PostgreSQL server of the tests' own: a cluster in a temporary folder, a socket in it and one on loopback.

In:     the programs initdb and postgres.
Out:    databases, by URL.
Never:  runs as root, which PostgreSQL refuses: as root's tests it runs as the user postgres, or nobody.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

PATIENCE_S = 30.0
# The tests' data are lost with the folder: nothing needs to reach the disk.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=40")


class Cluster:
    """One server."""

    def __init__(self, initdb: str, postgres: str) -> None:
        self._initdb, self._postgres = initdb, postgres
        self._folder = Path(tempfile.mkdtemp(prefix="penstock-postgresql-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()
        self.port = 0

    def start(self) -> None:
        """Make the cluster, start its server and wait until it answers."""
        as_user = self._as_user()
        words = [
            self._initdb,
            "-D",
            str(self._folder / "pg"),
            "-U",
            "tests",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        ]
        subprocess.run([*words, "--no-locale"], check=True, stdout=subprocess.DEVNULL, cwd="/", **as_user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        words = [
            self._postgres,
            "-D",
            str(self._folder / "pg"),
            "-k",
            str(self._folder),
            "-p",
            str(self.port),
        ]
        words += [word for each in (*SETTINGS, "listen_addresses=127.0.0.1") for word in ("-c", each)]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, cwd="/", **as_user)
        self._wait()

    def _as_user(self) -> dict[str, Any]:
        if os.geteuid():
            return {}
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            user = pwd.getpwnam("nobody")
        os.chown(self._folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _wait(self) -> None:
        give_up_s = time.monotonic() + PATIENCE_S
        while True:
            assert self._process is not None
            assert self._process.poll() is None, (self._folder / "log").read_text()
            with contextlib.suppress(psycopg.OperationalError), self.connect():
                return
            assert time.monotonic() < give_up_s, "PostgreSQL did not answer"
            time.sleep(0.02)

    def connect(self, name: str = "postgres") -> "psycopg.Connection[Any]":
        """Return a connection of its own, in autocommit."""
        return psycopg.connect(
            host=str(self._folder), port=self.port, user="tests", dbname=name, autocommit=True
        )

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://tests@127.0.0.1:{self.port}/{name}"

    def create(self) -> str:
        """Make a database and return its name."""
        name = f"test_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return name

    def drop(self, name: str) -> None:
        """Drop a database, and end whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def backends(self, name: str) -> list[tuple[int, str]]:
        """Return (pid, state) of each connection to a database."""
        with self.connect() as connection:
            rows = connection.execute("SELECT pid, state FROM pg_stat_activity WHERE datname = %s", [name])
            return [(pid, state) for pid, state in rows]

    def end(self) -> None:
        """End the server, and remove everything."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
