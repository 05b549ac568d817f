"""`penstock doctor`: looks for what will hurt in production, before it does.

In:     the sources of `penstock serve`, this machine, a running server, an import of the application.
Out:    findings, each with its reason and the line to change; status 1 when something is wrong.
Never:  changes anything; serves.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.cli.doctor.facts import Facts, gather, import_aside
from penstock.cli.doctor.finding import Finding, Level
from penstock.cli.doctor.rules import CHECKS, examine
from penstock.cli.running.choice import choose, wanted_pid
from penstock.config import ConfigError, load_config
from penstock.telemetry import find_masters
from penstock.telemetry.staff import Staff

if TYPE_CHECKING:
    import argparse


def run_doctor(arguments: "argparse.Namespace") -> int:
    """Examine, print, and return 1 if something is wrong.

    Raises:
        ConfigError: a source holds something that cannot be used, which `serve` would not start with either.
        CommandError: there is no server of the pid that was asked for.
    """
    loaded = load_config({}, os.environ, file=arguments.config)
    pid = wanted_pid(arguments.pid, None)
    masters = find_masters()
    target = arguments.target or loaded.config.application.application
    folder = Path(loaded.config.server.chdir or ".").absolute()
    facts = gather(
        loaded,
        os.environ,
        choose(masters, pid) if pid else masters,
        proxy_keep_alive_s=seconds(arguments.proxy_keep_alive),
        imported=import_aside(target, folder) if target else None,
    )
    findings = examine(facts)
    text = render_json(findings) if arguments.json else "".join(render_table(facts, target, findings))
    sys.stdout.write(text)
    return int(any(finding.level is Level.WRONG for finding in findings))


def seconds(word: str) -> float:
    """Return the proxy's keep-alive.

    Raises:
        ConfigError: the word is no number of seconds.
    """
    if not (word.isascii() and word.isdigit() and len(word) < 7):
        raise ConfigError(f"--proxy-keep-alive {word!r}; expected whole seconds", "")
    return float(word)


def render_json(findings: list[Finding]) -> str:
    """Return a JSON list, one object a finding."""
    plain = [dataclasses.asdict(finding) | {"level": finding.level.value} for finding in findings]
    return json.dumps(plain, indent=2) + "\n"


def render_table(facts: Facts, target: str, findings: list[Finding]) -> Iterator[str]:
    """Yield the lines for people."""
    server = facts.config.server
    yield f"{target or 'no application'}: {server.workers} x {server.threads} threads on {facts.cpus} CPUs\n"
    for database in facts.imported.databases if facts.imported else ():
        share = Staff(server.workers, server.threads).share(database.budget)
        allowed = database.max_connections
        yield (
            f"database {database.alias!r}: {server.workers} x {share} connections, twice that during a reload"
            + (f", of {allowed}\n" if allowed is not None else "\n")
        )
    for finding in findings:
        yield f"\n{finding.level.value:<6}{finding.name}: {finding.reason}\n      -> {finding.change}\n"
    count = sum(finding.level is Level.WRONG for finding in findings)
    notes = len(findings) - count
    yield f"\n{len(CHECKS)} checks: {count} wrong, {notes} to note\n"
    if not target:
        yield "the application was not imported: name it, `penstock doctor mysite.wsgi`\n"
