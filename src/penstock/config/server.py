"""Options of the server: sockets, processes, threads, deadlines."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What master and workers do."""

    bind: tuple[str, ...] = option(
        ("127.0.0.1:8000",),
        help="where to listen: HOST:PORT, [IPV6]:PORT, unix:PATH, fd://N; repeatable",
        reason="gunicorn's default; loopback until told otherwise",
        flag="bind",
        short="b",
    )
    workers: int = option(
        0,
        help="worker processes; 0 = CPUs of the cgroup, at most one for each 128 MiB of its memory",
        reason="one loop a core; Heroku's default counts 256 MiB for a worker that shares nothing",
        unit="count",
        flag="workers",
        short="w",
        minimum=0,
        maximum=512,
    )
    threads: int = option(
        4,
        help="application threads of each worker",
        reason="enough to wait for a database, few enough to count",
        unit="count",
        flag="threads",
        minimum=1,
        maximum=1024,
    )
    preload: str = option(
        "auto",
        help="auto: import once and fork, unless a fork would break something; on: always; off: each worker",
        reason="memory once for all workers, and a dead one comes back with the code it had",
        choices=("auto", "on", "off"),
    )
    on_worker_start: str = option(
        "",
        help="MODULE:FUNCTION, called in each new worker before it accepts",
        reason="what must not be shared by a fork is opened here",
    )
    on_worker_stop: str = option(
        "", help="MODULE:FUNCTION, called in each worker that leaves", reason="what was opened is closed here"
    )
    on_ready: str = option(
        "",
        help="MODULE:FUNCTION, called once a generation when all its workers accept",
        reason="whoever must know of a new version is told here",
    )
    warmup_path: str = option(
        "",
        help="path that each new worker answers to itself before it is ready; empty = none",
        reason="the first client does not wait for caches and connections",
    )
    boot_timeout_s: float = option(
        300.0,
        help="longest import of the application, and longest boot of a worker; 0 = no limit",
        reason="Passenger gives 90 s, and models load slower; one that hangs would hold up every reload",
        unit="s",
        minimum=0.0,
    )
    max_requests: int = option(
        0,
        help="requests after which a worker is replaced; 0 = never",
        reason="gunicorn's; a leak is better found than hidden",
        unit="count",
        minimum=0,
    )
    max_requests_jitter: int = option(
        0,
        help="up to so many requests more, by chance",
        reason="gunicorn's; workers that started together need not end together",
        unit="count",
        minimum=0,
    )
    max_lifetime_s: float = option(
        0.0, help="age at which a worker is replaced; 0 = never", reason="the same", unit="s", minimum=0.0
    )
    max_rss_bytes: int = option(
        0,
        help="resident memory at which a worker is replaced; 0 = never",
        reason="before the kernel kills one that grows",
        unit="bytes",
        minimum=0,
    )
    lanes: str = option(
        "auto",
        help="auto: requests known to be quick run on the loop thread; pool: no request holds it up",
        reason="inline saves some 1 us a request",
        choices=("auto", "pool"),
        flag="lanes",
    )
    backlog: int = option(
        2048,
        help="pending connections of a listener",
        reason="gunicorn's; the kernel caps it at somaxconn",
        unit="count",
        flag="backlog",
        minimum=1,
    )
    max_connections: int = option(
        10000,
        help="open connections of a worker; beyond them idle ones give way to new ones",
        reason="6 KB each; see the benchmark",
        unit="count",
        minimum=1,
    )
    request_timeout_s: float = option(
        30.0,
        help="longest application call, without queue and client",
        reason="gunicorn's worker timeout",
        unit="s",
        flag="request-timeout",
        short="t",
        minimum=0.1,
    )
    request_grace_s: float = option(
        5.0,
        help="how much longer before a blocked thread counts as lost",
        reason="time to notice the interruption",
        unit="s",
        minimum=0.0,
    )
    timeout_interrupt: str = option(
        "raise",
        help="raise: end a late request by RequestTimeout in its thread; never: let it run on",
        reason="a thread that spins is had back; Celery's soft time limit does the same",
        choices=("raise", "never"),
    )
    max_queue_wait_ms: int = option(
        30000,
        help="longest wait for a thread before a request gets 503 without running; 0 = no limit",
        reason="with the request's own 30 s it ends within the 60 s that proxies wait",
        unit="ms",
        minimum=0,
    )
    header_timeout_s: float = option(
        10.0,
        help="longest time for the whole head",
        reason="Apache reqtimeout: 10 to 20 s",
        unit="s",
        flag="header-timeout",
        minimum=0.05,
    )
    body_timeout_s: float = option(
        30.0,
        help="longest wait for the next byte of a body",
        reason="nginx waits 60 s; half is kinder to threads",
        unit="s",
        flag="body-timeout",
        minimum=0.05,
    )
    min_body_rate: int = option(
        500,
        help="least average rate of a body",
        reason="Apache reqtimeout: MinRate=500",
        unit="bytes/s",
        minimum=0,
    )
    write_timeout_s: float = option(
        30.0,
        help="longest time in which the peer takes no byte of a response",
        reason="nginx send_timeout is 60 s",
        unit="s",
        minimum=0.05,
    )
    keep_alive_s: float = option(
        75.0,
        help="how long an idle connection is kept",
        reason="above the usual 60 s of load balancers",
        unit="s",
        flag="keep-alive",
        minimum=0.0,
    )
    drain_s: float = option(
        0.0,
        help="how long a stopping server still accepts, not ready",
        reason="0 unless a balancer must notice",
        unit="s",
        minimum=0.0,
    )
    graceful_timeout_s: float = option(
        30.0,
        help="longest graceful stop",
        reason="gunicorn's graceful_timeout, Kubernetes' grace period",
        unit="s",
        flag="graceful-timeout",
        minimum=0.0,
    )
    spool_memory_bytes: int = option(
        512 * 1024,
        help="body kept in memory before it spools to disk",
        reason="Django's uploads stay below 2.5 MiB",
        unit="bytes",
        minimum=0,
    )
    spool_dir: str = option(
        "",
        help="folder of unlinked spool files; empty = the system's temporary folder",
        reason="O_TMPFILE: nothing is left behind by a crash",
    )
    max_response_spool_bytes: int = option(
        64 << 20,
        help="output a slow client may leave with us before the thread waits",
        reason="a page or a report fits; an endless stream does not",
        unit="bytes",
        minimum=65536,
    )
    ops: str = option(
        "",
        help="where /livez, /readyz, /metrics and /status are answered: HOST:PORT, unix:PATH or fd://N",
        reason="nothing that nobody asked for listens; keep it off public addresses, it shows request lines",
        flag="ops",
    )
    user: str = option(
        "", help="user the workers run as", reason="low ports need root, applications do not", flag="user"
    )
    group: str = option("", help="group the workers run as", reason="the same", flag="group")
    umask: str = option(
        "",
        help="umask of the workers and of Unix sockets, octal",
        reason="the caller's for workers, none for sockets: a proxy is another user",
        flag="umask",
    )
    chdir: str = option(
        "", help="folder to work in; modules are found from it", reason="gunicorn's habit", flag="chdir"
    )
    pid_file: str = option(
        "", help="file that holds the master's pid", reason="nothing on disk by default", flag="pid-file"
    )
    reload: bool = option(
        False,
        help="restart workers when a source file changes (development)",
        reason="needs watchfiles",
        flag="reload",
    )
