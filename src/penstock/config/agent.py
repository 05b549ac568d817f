"""Options of the agent: where records go."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """Outputs of the single writer."""

    access_log: str = option(
        "-",
        help="access log: a file, - for standard output, off",
        reason="twelve-factor habit",
        flag="access-log",
    )
    access_log_format: str = option(
        "text",
        help="text (combined, with phases) or json",
        reason="people read text first",
        choices=("text", "json"),
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
    log_level: str = option(
        "info",
        help="least level that is kept",
        reason="logging's habit",
        choices=("debug", "info", "warning", "error", "critical"),
        flag="log-level",
    )
    log_query: bool = option(
        True, help="keep query strings in the access log", reason="off where queries hold secrets"
    )
