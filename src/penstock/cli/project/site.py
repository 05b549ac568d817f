"""The project in the current folder: which settings it has, and entering it.

In:     --settings, the environment, the folder.
Out:    the settings module's name; a process in which the project can be imported.
Never:  guesses between two.
Rules:  the first of: --settings; PENSTOCK_SETTINGS_MODULE; DJANGO_SETTINGS_MODULE; the only `*/settings.py`
        here.
"""

import os
import sys
from pathlib import Path
from typing import Final

from penstock.cli.error import CommandError
from penstock.cli.project.failure import describe_failure
from penstock.config import ConfigError

VARIABLES: Final = ("PENSTOCK_SETTINGS_MODULE", "DJANGO_SETTINGS_MODULE")


def enter_site(wanted: str) -> str:
    """Make the project importable and name its settings; return their module's name.

    Raises:
        ConfigError: there is no settings module, or more than one.
        CommandError: the framework's libraries are not installed.
    """
    name = (
        wanted
        or next((os.environ[each] for each in VARIABLES if os.environ.get(each)), "")
        or _only_settings()
    )
    os.environ["PENSTOCK_SETTINGS_MODULE"] = name
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    return name


def set_up_site(wanted: str) -> str:
    """Do as `enter_site`, and load settings and applications; CommandError says what is wrong with them."""
    name = enter_site(wanted)
    from penstock import web  # noqa: PLC0415 - the server starts without the framework

    try:
        web.setup()
    except Exception as error:  # the project's modules may raise anything
        raise CommandError(f"settings {name!r}: {describe_failure(error)}") from error
    return name


def _only_settings() -> str:
    found = sorted(path.parent.name for path in Path.cwd().glob("*/settings.py"))
    if len(found) == 1:
        return f"{found[0]}.settings"
    told = f"{len(found)} here: {', '.join(found)}" if found else "none here"
    raise ConfigError(f"which settings? {told}", "expected --settings MODULE, or PENSTOCK_SETTINGS_MODULE")
