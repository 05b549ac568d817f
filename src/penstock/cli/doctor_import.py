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

from penstock.cli.doctor_facts import ImportReport
from penstock.server.template.audit import Origins, find_hazards
from penstock.telemetry.usage import usage_of
from penstock.wsgi import ApplicationLoadError, load_application


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
    return ImportReport(
        took_s=round(took_s, 3),
        resident_bytes=usage.resident_bytes if usage else 0,
        hazards=tuple(find_hazards(origins)),
    )


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
