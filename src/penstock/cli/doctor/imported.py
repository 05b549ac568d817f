"""The doctor's child: imports the application as a worker or template would, and reports on itself.

In:     a target, the current folder.
Out:    one JSON object as the last line of standard output; status 0 whatever came of the import.
Never:  serves; forks workers.
"""

import dataclasses
import json
import os
import sys
import time
from typing import TYPE_CHECKING

from penstock.cli.doctor.facts import DatabaseReport, ImportReport
from penstock.server.template.audit import Origins, find_hazards
from penstock.telemetry.reading.usage import usage_of
from penstock.wsgi import ApplicationLoadError, load_application

if TYPE_CHECKING:
    from collections.abc import Iterator


def report_on(target: str) -> ImportReport:
    """Import the application into this process and look at what it left."""
    origins = Origins()
    began_s = time.monotonic()
    try:
        with origins:
            load_application(target)
    except ApplicationLoadError as error:
        return ImportReport(failure=str(error))
    took_s = time.monotonic() - began_s
    usage = usage_of(os.getpid())
    hazards = tuple(find_hazards(origins))
    return ImportReport(
        took_s=round(took_s, 3),
        resident_bytes=usage.resident_bytes if usage else 0,
        hazards=hazards,
        databases=tuple(databases()),
    )


def databases() -> "Iterator[DatabaseReport]":
    """Yield what the databases of a site of penstock.web allow; nothing if the application is none."""
    web = sys.modules.get("penstock.web.conf")
    if web is None or not web.settings.configured or not web.settings.DATABASES:
        return
    from penstock.web.db.capacity import allowed_connections  # noqa: PLC0415 - the application has it, too

    for alias in web.settings.DATABASES:
        try:
            budget, most = allowed_connections(alias)
            yield DatabaseReport(alias, budget, most)
        except Exception as error:  # noqa: BLE001 - the driver's, the network's: it is what is to be told
            yield DatabaseReport(alias, failure=str(error).partition("\n")[0])


def main(words: list[str]) -> int:
    """Report on the application that the one word names; modules are found from the current folder."""
    if sys.path[:1] != [os.getcwd()]:  # noqa: PTH109 - sys.path holds texts
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    report = report_on(words[0])
    sys.stdout.flush()
    os.write(1, b"\n" + json.dumps(dataclasses.asdict(report)).encode() + b"\n")
    os._exit(0)  # threads that the application started would hold us up


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
