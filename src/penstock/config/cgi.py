"""Options of `penstock cgi`: what a script may take."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CGIConfig:
    """How scripts of a cgi-bin are run."""

    cgi_timeout_s: float = option(
        25.0,
        help="how long a script may take, its client not counted; then it ends, with 504 if it was silent",
        reason="below request_timeout_s, so that the script is ended and not only its request",
        unit="s",
        minimum=0.01,
    )
    cgi_kill_grace_s: float = option(
        2.0,
        help="how long a script that is ended has between TERM and KILL",
        reason="enough to remove a temporary file",
        unit="s",
        minimum=0,
    )
    cgi_processes: int = option(
        0,
        help="scripts that run at once in each worker; 0 = as many as `threads`",
        reason="each script keeps a thread waiting, so `threads` limits them in any case",
        unit="count",
        minimum=0,
    )
    cgi_queue_s: float = option(
        5.0,
        help="how long a request waits for another script to end before it is answered with 503",
        reason="a browser shows a 503 sooner than its user leaves",
        unit="s",
        minimum=0,
    )
    cgi_max_head_bytes: int = option(
        32768,
        help="largest header section of a script's response",
        reason="as much as a request may have",
        unit="bytes",
        minimum=64,
    )
    cgi_max_output_bytes: int = option(
        1 << 30,
        help="most bytes of a script's response; what says more is ended",
        reason="as much as a request may send",
        unit="bytes",
        minimum=1024,
    )
    cgi_cpu_s: int = option(
        3600,
        help="processor time of a script (RLIMIT_CPU); 0 = no limit of its own",
        reason="cgi_timeout_s ends it long before; what a killed worker leaves behind ends by this",
        unit="s",
        minimum=0,
    )
    cgi_memory_bytes: int = option(
        0,
        help="address space of each process of a script (RLIMIT_AS); 0 = no limit of its own",
        reason="how much an interpreter maps is its own affair; the cgroup limits what is used",
        unit="bytes",
        minimum=0,
    )
    cgi_files: int = option(
        256,
        help="files that a script may have open (RLIMIT_NOFILE); 0 = as many as the server",
        reason="the usual soft limit is 1024 and a script needs a few",
        unit="count",
        minimum=0,
    )
    cgi_authorization: bool = option(
        False,
        help="pass Authorization to scripts, as HTTP_AUTHORIZATION",
        reason="a script that has it can log on elsewhere; RFC 3875, section 9.2",
    )
    cgi_environment: tuple[str, ...] = option(
        (),
        help="variables that scripts get as they stand: NAME=VALUE",
        reason="the server's own environment is not theirs: it may hold passwords",
    )
