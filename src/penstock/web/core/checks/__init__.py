"""Checks: what is wrong with a project before a request shows it.

    message.py    what a check says            urls.py       the URLconf
    registry.py   which checks there are       security.py   what strangers could use
    databases.py  databases, migrations        paths.py      settings that name what is not there
                                               sessions.py   sessions that would be lost
                                               templates.py  engines, and templates that cannot be read

Names are Django's, so that packages which register checks of their own work.

In:     settings, the URLconf, databases.
Out:    a list of messages.
Never:  changes anything.
"""

from penstock.web.core.checks import databases, paths, security, sessions, templates, urls
from penstock.web.core.checks.message import (
    CRITICAL,
    DEBUG,
    ERROR,
    INFO,
    WARNING,
    CheckMessage,
    Critical,
    Debug,
    Error,
    Info,
)
from penstock.web.core.checks.message import Warning as _Warning
from penstock.web.core.checks.registry import Tags, register, run_checks, tag_exists

Warning = _Warning

__all__ = (
    "CRITICAL",
    "DEBUG",
    "ERROR",
    "INFO",
    "WARNING",
    "CheckMessage",
    "Critical",
    "Debug",
    "Error",
    "Info",
    "Tags",
    "Warning",
    "databases",
    "paths",
    "register",
    "run_checks",
    "security",
    "sessions",
    "tag_exists",
    "templates",
    "urls",
)
