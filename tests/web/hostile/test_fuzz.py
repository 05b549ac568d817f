"""The fuzzer starts and finds nothing in a few seconds; long runs are made by hand."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_fuzzer_finds_nothing_in_a_short_run():
    command = [sys.executable, "-m", "tests.web.hostile.fuzz", "-runs=20000", "-max_total_time=20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
