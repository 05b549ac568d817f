"""`penstock clearsessions`: removes the sessions whose time is over.

In:     the project in the current folder, its SESSION_ENGINE.
Out:    fewer sessions.
Never:  says anything when all is well: cron would send it to somebody each night.
Rules:  Django's command of that name.
"""

import importlib
from typing import TYPE_CHECKING

from penstock.cli.error import CommandError
from penstock.cli.project.site import set_up_site

if TYPE_CHECKING:
    import argparse


def run_clearsessions(arguments: "argparse.Namespace") -> int:
    """Remove the sessions that are over; CommandError if their engine cannot."""
    set_up_site(arguments.settings)
    from penstock.web.conf import settings  # noqa: PLC0415 - see set_up_site

    try:
        importlib.import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise CommandError(f"sessions of {settings.SESSION_ENGINE!r} cannot be cleared: {reason}") from error
    return 0
