"""Both frameworks, each in a process of its own, side by side."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OWN_VARIABLES = ("DJANGO_SETTINGS_MODULE", "PENSTOCK_SETTINGS_MODULE")


class Site:
    """A framework that answers."""

    def __init__(self, package):
        environment = {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.web.hostile.site"],
            cwd=ROOT,
            env={**environment, "FRAMEWORK": package},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, variables, body=b""):
        """Return status and body."""
        pickle.dump((variables, body), self.process.stdin)
        self.process.stdin.flush()
        return pickle.load(self.process.stdout)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def ours() -> Iterator[Site]:
    site = Site("penstock.web")
    yield site
    site.stop()


@pytest.fixture(scope="session")
def django() -> Iterator[Site]:
    pytest.importorskip("django", reason="compares with Django")
    site = Site("django")
    yield site
    site.stop()
