"""What a reader has to know about the machine and the moment, and how much work fills 20 ms here.

In:     /proc, git, the applications' two kinds of work.
Out:    plain facts for the report; the environment that is handed to every server.
Never:  names the machine, its user or a path.
"""

import contextlib
import datetime as dt
import os
import platform
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import applications
from bench.servers import ROOT

WORK_S: Final = 0.020
TRIAL_COUNT: Final = 9
TRIAL_AMOUNT: Final = 100_000


def machine_facts() -> dict[str, str]:
    """Collect the facts, each as text."""
    return {
        "CPU": _named_line("/proc/cpuinfo", "model name") or platform.processor(),
        "CPUs": str(os.cpu_count()),
        "Memory": f"{int((_named_line('/proc/meminfo', 'MemTotal') or '0').split()[0]) / 2**20:.0f} GiB",
        "Kernel": platform.release().split("-")[0],
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "wrk": _output(["wrk", "-v"]).split(" [")[0].removeprefix("wrk ") or "unknown",
    }


def moment() -> dict[str, str]:
    """Say when and at which revision a scenario was measured."""
    now = dt.datetime.now(dt.UTC)
    changed = _output(["git", "status", "--porcelain", "--", "src"])
    revision = _output(["git", "rev-parse", "--short", "HEAD"])
    return {
        "day": now.strftime("%Y-%m-%d"),
        "time": now.strftime("%H:%M UTC"),
        "revision": revision + ("+" if changed else ""),
    }


def work_environment() -> dict[str, str]:
    """Measure both kinds of work once, so that 20 ms are the same amount for every server."""
    return {
        "BENCH_PYTHON_TURNS": str(_amount(applications.compute_in_python)),
        "BENCH_NATIVE_ITEMS": str(_amount(applications.compute_in_native)),
    }


def _amount(work: Callable[[int], int]) -> int:
    """Scale from the best of a few trials: a disturbed one would only make the work too short."""
    best = min(_seconds(work) for _ in range(TRIAL_COUNT))
    return int(TRIAL_AMOUNT * WORK_S / best)


def _seconds(work: Callable[[int], int]) -> float:
    start = time.perf_counter()
    work(TRIAL_AMOUNT)
    return time.perf_counter() - start


def _named_line(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


def _output(words: list[str]) -> str:
    with contextlib.suppress(OSError):
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
        return (done.stdout or done.stderr).strip().partition("\n")[0]
    return ""
