"""Options of the agent: where records go."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """Outputs of the single writer, and where it is."""

    agent: str = option(
        "embedded",
        help="embedded (a child of the master), unix:PATH (the machine's: penstock agent), off",
        reason="nothing else has to be started; off keeps no record, for measurements",
    )
    access_log: str = option(
        "-",
        help="access log: a file, - for standard output, off",
        reason="twelve-factor habit",
        flag="access-log",
    )
    access_log_format: str = option(
        "text",
        help="text (combined, with phases), combined, common, json, or a template of {fields}",
        reason="people read text first",
        flag="access-log-format",
    )
    error_log: str = option(
        "-",
        help="error and application log: a file, - for standard error",
        reason="twelve-factor habit",
        flag="error-log",
    )
    error_log_format: str = option(
        "text",
        help="text (tracebacks indented below their line) or json",
        reason="a traceback is read by people first",
        choices=("text", "json"),
    )
    application_log: str = option(
        "",
        help="the application's own records: a file, - for standard error, off; empty = in the error log",
        reason="one place to look until there is too much of it",
    )
    log_level: str = option(
        "info",
        help="least level that is kept",
        reason="logging's habit",
        choices=("debug", "info", "warning", "error", "critical"),
        flag="log-level",
    )
    log_rotate_bytes: int = option(
        0,
        help="size at which a log file makes way for a new one; 0 = never",
        reason="where logrotate runs, it does that",
        unit="bytes",
        minimum=0,
    )
    log_rotate_time: str = option(
        "never",
        help="when a log file makes way for a new one: never, hourly, daily (of the local clock)",
        reason="the same",
        choices=("never", "hourly", "daily"),
    )
    log_compress: str = option(
        "gzip",
        help="what becomes of rotated files: gzip or off",
        reason="a tenth of the size, and every tool reads it",
        choices=("gzip", "off"),
    )
    log_keep_count: int = option(
        0,
        help="rotated files of each log that stay; 0 = any number",
        reason="age says more",
        unit="count",
        minimum=0,
    )
    log_keep_days: float = option(
        14.0,
        help="age at which a rotated file is removed; 0 = never",
        reason="Debian's logrotate keeps nginx' logs that long",
        unit="days",
        minimum=0.0,
    )
    log_keep_bytes: int = option(
        0,
        help="size of all rotated files of a log together, beyond which the oldest are removed; 0 = any",
        reason="nobody knows your disk",
        unit="bytes",
        minimum=0,
    )
    log_fsync: str = option(
        "never",
        help="when lines are brought to the disk itself: never (the kernel does), second, batch",
        reason="a killed process loses nothing; only a power cut does",
        choices=("never", "second", "batch"),
    )
    log_query: bool = option(
        True,
        help="keep query strings in access lines, traces and errors",
        reason="off where queries hold secrets",
    )
