"""`penstock agent status`: what came in, was written and was dropped in every agent, embedded or a machine's.

In:     /proc, and the boards of the agents that the kernel lets us read.
Out:    lines for people, or JSON for programs, on standard output.
Never:  asks an agent anything: it works when none of its threads answers.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from penstock.cli.error import CommandError
from penstock.cli.running.board import look
from penstock.cli.text import duration, printing
from penstock.telemetry.reading.discovery import find_agents

if TYPE_CHECKING:
    import argparse

_KINDS: Final = ("access", "log")


def run_agent_status(arguments: "argparse.Namespace") -> int:
    """Print every agent that may be seen.

    Raises:
        CommandError: there is none, or none at this socket.
    """
    reports = choose([report for found in find_agents() if (report := look(found))], arguments.agent_socket)
    text = json.dumps(reports, indent=2) + "\n" if arguments.json else "\n".join(map(render, reports))
    with printing():
        sys.stdout.write(text)
    return 0


def choose(reports: Sequence[dict[str, Any]], socket: str | None) -> list[dict[str, Any]]:
    """Return the agents to show.

    Raises:
        CommandError: none is running that we may see, or not this one.
    """
    if not reports:
        raise CommandError("no running agent found; those of other users are shown to root only")
    path = None if socket is None else os.path.abspath(socket)  # noqa: PTH100 - as the agent names it
    chosen = [report for report in reports if path is None or report.get("socket") == path]
    if not chosen:
        sockets = ", ".join(sorted(str(report.get("socket") or "embedded") for report in reports))
        raise CommandError(f"no agent on {socket!r}; running: {sockets}")
    return chosen


def render(report: Mapping[str, Any]) -> str:
    """Return the lines of one agent: itself, its tenants with their outputs, its stations."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    stations = dict(report.get("stations", {}))
    own = stations.pop("agent", {})
    where = f" on {report['socket']}" if report.get("socket") else ""
    memory = f"{own.get('resident_bytes', 0) / (1 << 20):.0f} MiB"
    up, cpu_s = duration(float(own.get("uptime_s", 0))), own.get("cpu_s", 0)
    yield f"agent {report['pid']} ({report.get('mode')}{where}), up {up}, {memory}, {cpu_s} s CPU"
    for tenant in report["tenants"]:
        yield from _tenant(tenant)
    for name, figures in stations.items():
        words = "  ".join(f"{key} {value}" for key, value in figures.items())
        yield f"  {name}: {words or 'nothing to report'}"


def _tenant(tenant: Mapping[str, Any]) -> Iterator[str]:
    name, pid, uid, stage = (tenant.get(key, "") for key in ("name", "master_pid", "uid", "stage"))
    yield f"  {name or 'server'}, master {pid}, user {uid}, {stage}"
    for kind in _KINDS:
        read, waiting, dropped = (
            tenant.get(f"{kind}_{what}", 0) for what in ("records", "waiting", "dropped")
        )
        yield f"    {kind} records: {read} read, {waiting} waiting, {dropped} dropped"
    losses = {"damaged": "damaged", "discarded": "lines no output took", "torn": "torn", "failed": "failed"}
    lost = ", ".join(f"{tenant[key]} {what}" for key, what in losses.items() if tenant.get(key))
    yield f"    lines: {tenant.get('lines', 0)} written{f'; {lost}' if lost else ''}"
    for output in tenant.get("outputs", ()):
        trouble = output.get("trouble") or "well"
        pending = f", {output['pending_bytes']} bytes pending" if output.get("pending_bytes") else ""
        yield f"    {output.get('name')} ({output.get('kind')}): {trouble}{pending}"
