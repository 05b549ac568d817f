"""From the path of a request to a script: the part of it that names a file, and the part behind.

    /reports/chart.pl/etch/2026     reports/chart.pl is a file: it is run
     `-- script_name --'`-path_info-'

A name that exists but may not be asked for is answered as one that does not exist: who guesses learns
nothing.

In:     the folder of the scripts; a decoded path.
Out:    a Script.
Never:  opens a file, lists a folder, or follows a symbolic link: a link could lead anywhere.

Rules:  RFC 3875 sections 3.2, 3.3, 4.1.5, 4.1.6 and 4.1.13; 9.9 (what a path may not contain).
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.wsgi.cgi.error import ScriptRefusedError

# What editors and version control leave beside a script, and whose text is nobody's business.
_LEFTOVER: Final = re.compile(rb"^\.|~$|^#.*#$|\.(bak|old|orig|rej|save|swp|swo|tmp)$", re.IGNORECASE)

_NPH: Final = "nph-"


@dataclass(frozen=True, slots=True)
class Script:
    """An executable file and how it was asked for.

    Attributes:
        file: its path.
        name: of the request's path, what leads to it; begins with a slash.
        path_info: what stands behind; empty, or begins with a slash.
    """

    file: Path
    name: bytes
    path_info: bytes

    @property
    def is_nph(self) -> bool:
        """Whether it writes the whole head itself (section 5): by its name, as everywhere."""
        return self.file.name.startswith(_NPH)


def find_script(folder: Path, path: bytes) -> Script:
    """Return the script that `path` leads to.

    Args:
        folder: where the scripts are.
        path: decoded; below where the folder is mounted.

    Raises:
        ScriptRefusedError: 404: there is none, or its name may not be asked for; 403: it may not be executed.
    """
    segments = path.split(b"/")
    if segments[0] or b"\0" in path or b".." in segments or b"." in segments:
        raise _not_found(path, "expected an absolute path without dot segments and NUL")
    place = folder
    for depth, segment in enumerate(segments[1:], start=2):
        if not segment or _LEFTOVER.search(segment):
            raise _not_found(path, "empty, hidden and left-over names are not served")
        place = place / os.fsdecode(segment)
        if _is_file(place, path):
            name, rest = b"/".join(segments[:depth]), segments[depth:]
            _check_executable(place, path)
            return Script(place, name, b"/" + b"/".join(rest) if rest else b"")
    raise _not_found(path, "a folder; expected a script")


def _is_file(place: Path, path: bytes) -> bool:
    """Return False for a folder.

    Raises:
        ScriptRefusedError: 404: it is neither, or not there.
    """
    try:
        mode = place.lstat().st_mode
    except OSError as error:  # a name that is too long is an error as well
        raise _not_found(path, (error.strerror or str(error)).lower()) from None
    if stat.S_ISDIR(mode):
        return False
    if not stat.S_ISREG(mode):
        raise _not_found(path, "neither folder nor file; symbolic links are not followed")
    return True


def _check_executable(place: Path, path: bytes) -> None:
    if not os.access(place, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise ScriptRefusedError("403 Forbidden", f"script {path!r} is not executable; chmod +x makes it so")


def _not_found(path: bytes, why: str) -> ScriptRefusedError:
    return ScriptRefusedError("404 Not Found", f"no script at {path!r}: {why}")
