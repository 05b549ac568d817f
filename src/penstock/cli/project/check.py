"""`penstock check`: what is wrong with a project, before a request shows it.

Three kinds: names of Django that are not there (scan.py, from the sources alone), settings and routes (the
framework's checks), and with --deploy what strangers could use.

In:     the project in the current folder.
Out:    a line for each finding, or JSON; status 1 if one of them keeps the project from working.
Never:  changes a file.
Rules:  ids are Django's where Django has the check; SILENCED_SYSTEM_CHECKS is obeyed.
"""

import dataclasses
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from penstock.cli.project.failure import describe_failure
from penstock.cli.project.scan import scan_folder
from penstock.cli.project.site import enter_site
from penstock.cli.text import counted
from penstock.config import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

ERROR: Final = logging.ERROR


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    level: int
    id: str
    place: str
    text: str
    hint: str

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{place}{logging.getLevelName(self.level).lower()} {self.id}: {self.text}{hint}"


def run_check(arguments: "argparse.Namespace") -> int:
    """Print what is wrong; 1 if something cannot work.

    Raises:
        ConfigError: --settings was given and leads nowhere.
    """
    findings = [*source_findings(Path.cwd()), *_site_findings(arguments)]
    if arguments.json:
        sys.stdout.write(json.dumps([dataclasses.asdict(each) for each in findings], indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{each}\n" for each in findings) + _summary(findings))
    return int(any(each.level >= ERROR for each in findings))


def source_findings(folder: Path) -> "Iterator[Finding]":
    """Yield what the project's sources use that is not there."""
    scan = scan_folder(folder)
    for missing in scan.missing:
        place = f"{missing.path.relative_to(folder)}:{missing.line}"
        yield Finding(ERROR, "names.E001", place, f"{missing.name} is not there", missing.advice)
    for path, reason in scan.unreadable:
        yield Finding(ERROR, "names.E002", str(path.relative_to(folder)), f"cannot be read: {reason}", "")
    if scan.still_django:
        shown = ", ".join(str(path.relative_to(folder)) for path in scan.still_django[:5])
        more = f" and {len(scan.still_django) - 5} more" if len(scan.still_django) > 5 else ""
        text = f"Django itself is named in {counted(len(scan.still_django), 'file')}: {shown}{more}"
        hint = "docs/from-django.md has the command that changes them"
        yield Finding(logging.WARNING, "names.W001", "", text, hint)


def _site_findings(arguments: "argparse.Namespace") -> "Iterator[Finding]":
    """Yield what the framework's checks say; missing or broken settings are a finding, too."""
    try:
        name = enter_site(arguments.settings)
    except ConfigError as error:
        if arguments.settings:
            raise
        yield Finding(
            logging.WARNING, "settings.W001", "", str(error), "settings and routes were not checked"
        )
        return
    try:
        messages = _messages(deploy=arguments.deploy)
    except Exception as error:  # noqa: BLE001 - the project's modules may raise anything
        yield Finding(ERROR, "settings.E003", name, describe_failure(error), "")
        return
    for message in messages:
        place = "" if message.obj is None else str(message.obj)
        yield Finding(message.level, message.id or "-", place, message.msg, message.hint or "")


def _messages(*, deploy: bool) -> list[Any]:
    """Load the project and run its checks, those of its packages included."""
    from penstock.web.apps import apps  # noqa: PLC0415 - the server starts without the framework
    from penstock.web.conf import settings  # noqa: PLC0415 - the same
    from penstock.web.core.checks import run_checks  # noqa: PLC0415 - the same

    apps.populate(settings.INSTALLED_APPS)
    found = run_checks(include_deployment_checks=deploy)
    return [message for message in found if not message.is_silenced()]


def _summary(findings: list[Finding]) -> str:
    errors = sum(each.level >= ERROR for each in findings)
    if not findings:
        return "nothing found\n"
    return f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}\n"
