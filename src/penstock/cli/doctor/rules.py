"""The doctor's checks: each a function from facts to what it finds, without a look at the machine.

In:     Facts.
Out:    findings.
Never:  reads a file (but to ask whether a folder may be written to), changes anything.

Rules:  the reasons are in each finding; docs/operations.md lists the checks by name.
"""

import contextlib
import dataclasses
import ipaddress
import math
import os
import pwd
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from penstock.cli.doctor.facts import Facts
from penstock.cli.doctor.finding import Finding, note, wrong
from penstock.cli.machine import OTHER_FILES
from penstock.server.address import Address, TCPAddress, UnixAddress, parse_address
from penstock.telemetry.staff import GENERATIONS, Staff

# What is said of memory is an estimate: a tenth is left for what is not measured.
MEMORY_SHARE: Final = 0.9
KUBERNETES_GRACE_S: Final = 30.0
SLOW_IMPORT_S: Final = 10.0
# The longest time anybody's proxy or client should need for a head.
LONG_HEADER_S: Final = 60.0
# nginx, HAProxy's examples, the load balancers of the large clouds.
PROXY_READ_S: Final = 60.0
_MIB: Final = 1 << 20
_ASSIGNED: Final = re.compile(r"\b([a-z_]+) = ")


def examine(facts: Facts) -> list[Finding]:
    """Return what all checks found, what is wrong first."""
    findings = [_located(finding, facts) for check in CHECKS for finding in check(facts)]
    return sorted(findings, key=lambda finding: finding.level.value, reverse=True)


def _located(finding: Finding, facts: Facts) -> Finding:
    """Say where the option stands that is to be changed, if somebody has set it."""
    places = [facts.places[key] for key in _ASSIGNED.findall(finding.change) if key in facts.places]
    if not places:
        return finding
    return dataclasses.replace(finding, change=f"{finding.change}; it is set by {places[0]}")


def check_backlog(facts: Facts) -> Iterator[Finding]:
    """The kernel cuts a backlog to somaxconn without a word."""
    asked, kept = facts.config.server.backlog, facts.somaxconn
    if kept is not None and kept < asked:
        yield wrong(
            "backlog",
            f"{asked} connections may wait to be accepted, but the kernel keeps {kept}: a burst is refused",
            f"sysctl -w net.core.somaxconn={asked}, or backlog = {kept}",
        )


def check_cpu(facts: Facts) -> Iterator[Finding]:
    """One loop a core; more only take turns."""
    workers = facts.config.server.workers
    if workers > 2 * facts.cpus:
        yield wrong(
            "cpu",
            f"{workers} workers on {facts.cpus} CPUs only wait for each other, and each takes its memory",
            f"workers = {facts.cpus}",
        )
    elif workers > facts.cpus:
        yield note(
            "cpu",
            f"{workers} workers on {facts.cpus} CPUs: one a CPU is enough, threads wait for databases",
            f"workers = {facts.cpus}",
        )


def check_threads(facts: Facts) -> Iterator[Finding]:
    """Threads of Python compute one at a time."""
    server = facts.config.server
    if server.threads > 64:
        yield note(
            "threads",
            f"{server.threads} threads in each of {server.workers} workers may open"
            f" {server.threads * server.workers} database connections, and compute one at a time",
            "threads = 16, and as many connections as the database allows",
        )


def check_memory(facts: Facts) -> Iterator[Finding]:
    """All workers must fit, and during a reload those of two generations."""
    each, how, say = _worker_size(facts)
    if facts.memory_bytes is None or not each:
        return
    workers, room = facts.config.server.workers, int(facts.memory_bytes * MEMORY_SHARE)
    fitting = max(1, room // each)
    subject = f"{workers} workers of {each // _MIB} MiB ({how})"
    if workers * each > room:
        yield say(
            "memory",
            f"{subject} do not fit into {facts.memory_bytes // _MIB} MiB: the kernel will kill some",
            f"workers = {fitting}, or more memory",
        )
    elif 2 * workers * each > room:
        yield note(
            "memory",
            f"two generations of {subject} do not fit into {facts.memory_bytes // _MIB} MiB: a reload goes"
            " worker by worker, old and new code answer side by side",
            f"workers = {max(1, fitting // 2)}, or more memory",
        )


def _worker_size(facts: Facts) -> tuple[int, str, Callable[[str, str, str], Finding]]:
    """Return the bytes of a worker (0 = unknown), how they are known, and how sure what follows is."""
    if facts.running and facts.running.worker_bytes:
        sizes = facts.running.worker_bytes
        return sum(sizes) // len(sizes), f"measured in server {facts.running.pid}", wrong
    if facts.imported and facts.imported.resident_bytes:
        return facts.imported.resident_bytes, "estimated: what they share counts in each", note
    return 0, "", note


def check_recycling(facts: Facts) -> Iterator[Finding]:
    """Workers that are replaced all the time serve nobody."""
    server = facts.config.server
    sizes = facts.running.worker_bytes if facts.running else ()
    size = max([*sizes, facts.imported.resident_bytes if facts.imported else 0])
    if 0 < server.max_rss_bytes <= size:
        yield wrong(
            "recycling",
            f"a worker takes {size // _MIB} MiB, max_rss_bytes allows {server.max_rss_bytes / _MIB:.3g}:"
            " each is replaced as soon as it is looked at",
            f'max_rss_bytes = "{2 * size // _MIB} MiB"',
        )
    if server.max_requests and not server.max_requests_jitter and server.workers > 1:
        yield note(
            "recycling",
            f"workers that started together answer their {server.max_requests}th request together:"
            " they queue up to be replaced",
            f"max_requests_jitter = {max(1, server.max_requests // 10)}",
        )


def check_files(facts: Facts) -> Iterator[Finding]:
    """A descriptor for each connection; `serve` raises the soft limit itself, up to the hard one."""
    most = facts.config.server.max_connections
    if facts.max_files < most + OTHER_FILES:
        yield wrong(
            "files",
            f"max_connections = {most} needs {most + OTHER_FILES} descriptors a worker, the limit is"
            f" {facts.max_files}: at the limit nobody is accepted",
            f"LimitNOFILE={most + OTHER_FILES} in the unit (ulimit -Hn elsewhere),"
            f" or max_connections = {max(1, facts.max_files - OTHER_FILES)}",
        )


def check_keep_alive(facts: Facts) -> Iterator[Finding]:
    """Who closes an idle connection first must be the proxy."""
    ours, theirs = facts.config.server.keep_alive_s, facts.proxy_keep_alive_s
    if 0 < ours <= theirs:
        yield wrong(
            "keep-alive",
            f"we close an idle connection after {ours:g} s, a proxy that keeps it for {theirs:g} s sends"
            " requests into connections that are just being closed: 502 now and then",
            f"keep_alive_s = {theirs + 15:g} (or say what the proxy does: --proxy-keep-alive)",
        )


def check_timeouts(facts: Facts) -> Iterator[Finding]:
    """Deadlines that contain each other must be longer outside than inside."""
    server = facts.config.server
    if server.graceful_timeout_s < server.request_timeout_s:
        yield wrong(
            "timeouts",
            f"a request may take {server.request_timeout_s:g} s, a graceful stop ends after"
            f" {server.graceful_timeout_s:g} s: stops and reloads cut requests that are in their time",
            f"graceful_timeout_s = {server.request_timeout_s:g}",
        )
    if 0 < server.keep_alive_s < server.header_timeout_s:
        yield wrong(
            "timeouts",
            f"a head may take {server.header_timeout_s:g} s, longer than a connection may be silent"
            f" ({server.keep_alive_s:g} s): who sends a byte now and then is kept longer than who is idle",
            f"header_timeout_s = {min(10.0, server.keep_alive_s):g}",
        )
    elif server.header_timeout_s > LONG_HEADER_S:
        yield note(
            "timeouts",
            f"a head may take {server.header_timeout_s:g} s: each slow client holds a connection for so long",
            "header_timeout_s = 10",
        )
    wait_s = server.max_queue_wait_ms / 1000 + server.request_timeout_s
    if not server.max_queue_wait_ms or wait_s > PROXY_READ_S:
        longest = f"{wait_s:g} s" if server.max_queue_wait_ms else "any time"
        yield note(
            "timeouts",
            f"a request may wait for a thread and then run for {longest}, most proxies give up after"
            f" {PROXY_READ_S:g} s: their 504 hides ours, and the request runs for nobody",
            "max_queue_wait_ms = 30000, request_timeout_s = 30, or a longer proxy_read_timeout",
        )
    stop_s = server.drain_s + server.graceful_timeout_s
    if facts.is_in_kubernetes and stop_s >= KUBERNETES_GRACE_S:
        yield note(
            "timeouts",
            f"a stop may take drain_s + graceful_timeout_s = {stop_s:g} s; Kubernetes kills after"
            f" {KUBERNETES_GRACE_S:g} s unless the pod says otherwise",
            f"terminationGracePeriodSeconds: {math.ceil(stop_s) + 15}",
        )


def check_trust(facts: Facts) -> Iterator[Finding]:
    """Who may say where a request came from."""
    trusted = facts.config.wsgi.trusted_proxies
    for word in trusted:
        if _trusts_everybody(word):
            yield wrong(
                "trusted-proxies",
                f"{word!r} believes everybody's X-Forwarded-For: clients choose their own address and scheme",
                'trusted_proxies = ["10.0.0.5"], the addresses of your proxies',
            )
    addresses = [parse_address(text) for text in facts.config.server.bind]
    if not trusted and any(map(_is_public, addresses)):
        yield note(
            "trusted-proxies",
            "we listen on a public address and believe no proxy: behind one, every request seems to come from"
            " it, over http",
            'trusted_proxies = ["10.0.0.5"], if a proxy is in front',
        )
    if "unix" not in trusted and any(isinstance(address, UnixAddress) for address in addresses):
        yield note(
            "trusted-proxies",
            "a proxy on our Unix socket is not believed: REMOTE_ADDR is empty and the scheme is http",
            'trusted_proxies = ["unix"]',
        )


def check_ops(facts: Facts) -> Iterator[Finding]:
    """The ops port shows request lines."""
    word = facts.config.server.ops
    if word and _is_public(parse_address(word)):
        yield note(
            "ops",
            f"{word} answers /status, with the requests that run, to everybody who can reach it",
            'ops = "127.0.0.1:9000", or a firewall',
        )


def check_user(facts: Facts) -> Iterator[Finding]:
    """Applications have no business being root."""
    user = facts.config.server.user
    if user:
        try:
            uid = pwd.getpwuid(int(user)).pw_uid if user.isdecimal() else pwd.getpwnam(user).pw_uid
        except KeyError:
            uid = int(user) if user.isdecimal() else -1
        if uid == -1:
            yield wrong(
                "user", f"there is no user {user!r} here: nothing will start", f"adduser --system {user}"
            )
        elif uid == 0:
            yield wrong(
                "user",
                "the application runs as root: a hole in it is a hole in the machine",
                'user = "www-data"',
            )
        elif facts.user_id not in {0, uid}:
            yield wrong(
                "user",
                f"only root may become {user!r}, and this is user {facts.user_id}: nothing will start",
                "start it as root, or without `user`",
            )
    elif facts.user_id == 0:
        yield wrong(
            "user",
            "started like this, by root and without `user`, the application runs as root",
            'user = "www-data", or User= in the unit',
        )


def check_spool(facts: Facts) -> Iterator[Finding]:
    """Larger bodies wait on disk, in files without a name."""
    server = facts.config.server
    named = facts.folder / server.spool_dir if server.spool_dir else None
    if _can_spool(named):
        return
    consequence = (
        f"bodies beyond spool_memory_bytes ({server.spool_memory_bytes // 1024} KiB) are refused with 413"
    )
    if server.spool_dir:
        yield wrong("spool", f"{named} is no folder to write to: {consequence}", 'spool_dir = "/var/tmp"')
    else:
        yield note(
            "spool",
            f"no temporary folder can be written to: {consequence}",
            "spool_dir, on a tmpfs or a disk",
        )


def check_written_files(facts: Facts) -> Iterator[Finding]:
    """Logs and the pid file need their folders."""
    agent, server = facts.config.agent, facts.config.server
    files = {"access_log": agent.access_log, "error_log": agent.error_log, "pid_file": server.pid_file}
    for key, word in files.items():
        if word in {"", "-", "off"}:
            continue
        file = facts.folder / word
        if not _can_write(file):
            yield wrong(
                key.replace("_", "-"), f"{file} cannot be written", f"{key}, or mkdir -p {file.parent}"
            )


def _can_write(file: Path) -> bool:
    if file.exists():
        return not file.is_dir() and os.access(file, os.W_OK)
    return file.parent.is_dir() and os.access(file.parent, os.W_OK)


def check_pid_file(facts: Facts) -> Iterator[Finding]:
    """A pid file that names a stranger stops the start."""
    if not facts.config.server.pid_file:
        return
    file = facts.folder / facts.config.server.pid_file
    with contextlib.suppress(OSError, ValueError):
        pid = int(file.read_text())
        is_ours = facts.running is not None and facts.running.pid == pid
        if Path(f"/proc/{pid}").exists() and not is_ours:
            yield wrong(
                "pid-file", f"{file} names process {pid}, which runs: nothing will start", f"rm {file}"
            )


def check_import(facts: Facts) -> Iterator[Finding]:
    """The application must import; what that leaves open decides whether it can be imported once for all."""
    report = facts.imported
    if report is None:
        return
    if report.failure:
        yield wrong(
            "import",
            f"the application cannot be imported: {report.failure}",
            "see the traceback of `penstock serve`",
        )
        return
    if report.took_s > SLOW_IMPORT_S:
        yield note(
            "import",
            f"importing takes {report.took_s:.1f} s: so long a worker that died is missed",
            'preload = "auto": then only reloads wait for it',
        )
    preload = facts.config.server.preload
    for hazard in report.hazards:
        if preload == "on":
            yield wrong(
                "preload",
                f"left by the import: {hazard}; it does not survive the fork, and workers are forked"
                " (preload = on)",
                'move it into on_worker_start, or preload = "off"',
            )
        elif preload == "auto":
            yield note(
                "preload",
                f"left by the import: {hazard}; so each worker imports for itself and shares no memory",
                "move it into on_worker_start",
            )


def check_databases(facts: Facts) -> Iterator[Finding]:
    """All workers of two generations share the connections that a database has."""
    server = facts.config.server
    staff = Staff(server.workers, server.threads)
    for database in facts.imported.databases if facts.imported else ():
        subject, share = f"database {database.alias!r}", staff.share(database.budget)
        together = GENERATIONS * staff.workers * share
        if database.failure:
            yield note(
                "databases", f"{subject} cannot be asked: {database.failure}", "DATABASES, or the network"
            )
        elif not share:
            yield wrong(
                "databases",
                f"{subject} may have {database.budget} connections for {staff.workers} workers and as many"
                " successors during a reload: nothing will start",
                f"MAX_CONNECTIONS: {GENERATIONS * staff.workers} or more, in DATABASES",
            )
        elif database.max_connections is not None and together > database.max_connections:
            yield wrong(
                "databases",
                f"{subject} allows {database.max_connections} connections; {staff.workers} workers of "
                f"{share}, and as many during a reload, may open {together}: some requests fail",
                f"MAX_CONNECTIONS: {database.max_connections} in DATABASES, or workers = "
                f"{max(1, database.max_connections // (GENERATIONS * share))}",
            )
        elif share < staff.threads:
            yield note(
                "databases",
                f"{subject} gives each worker {share} connections for {staff.threads} threads: some wait",
                f"MAX_CONNECTIONS: {GENERATIONS * staff.workers * staff.threads}, or threads = {share}",
            )


def check_reload(facts: Facts) -> Iterator[Finding]:
    """--reload is for development."""
    if facts.config.server.reload and any(
        _is_public(parse_address(word)) for word in facts.config.server.bind
    ):
        yield note(
            "reload",
            "each changed file reloads the site, half copied deployments too",
            "reload = false, and `penstock reload` when all is there",
        )


CHECKS: Final[tuple[Callable[[Facts], Iterator[Finding]], ...]] = (
    check_import,
    check_user,
    check_trust,
    check_ops,
    check_backlog,
    check_cpu,
    check_threads,
    check_memory,
    check_recycling,
    check_files,
    check_keep_alive,
    check_timeouts,
    check_spool,
    check_written_files,
    check_pid_file,
    check_databases,
    check_reload,
)


def _is_public(address: Address) -> bool:
    if not isinstance(address, TCPAddress):
        return False
    try:
        return not ipaddress.ip_address(address.host or "0.0.0.0").is_loopback
    except ValueError:
        return address.host != "localhost"


def _trusts_everybody(word: str) -> bool:
    if word == "*":
        return True
    try:
        return ipaddress.ip_network(word, strict=False).prefixlen == 0
    except ValueError:  # `unix`
        return False


def _can_spool(folder: Path | None) -> bool:
    """Whether a file can be made in a folder; None = the system's temporary one, if there is any."""
    try:
        with tempfile.TemporaryFile(dir=folder or tempfile.gettempdir()):
            return True
    except OSError:
        return False
