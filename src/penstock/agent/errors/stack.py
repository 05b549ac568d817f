"""What a traceback says of its exception: the type, and the place in the application where it arose.

    Traceback (most recent call last):
      File "/srv/shop/releases/20261120/shop/views.py", line 12, in pay      the place: shop/views.py:pay:12
        charge(order)
      File "/usr/lib/python3/site-packages/bank/client.py", line 80, in charge      a library's frame
        raise Refused(code)
    bank.errors.Refused: code 51                                                    the type

The place is the innermost frame that is no library's; in a traceback of libraries alone, the innermost of
all. Of chained exceptions it is the last, which is the one that got out; of a group, the group.

A path is cut to what stays when the same code is deployed elsewhere: its last three parts, but none beyond
one that looks like a release (`20261120`, `v1.2`, a commit). Otherwise each deployment would make new groups.

In:     text as the traceback module formats it, cut anywhere.
Out:    Origin.
Never:  raises; reads a file.

Rules:  Python's library reference, "traceback"; exception groups as of PEP 654.
"""

import dataclasses
import re
from pathlib import Path
from typing import Final

import penstock

_HEADER: Final = "Traceback (most recent call last):"
_GROUP_HEADER: Final = "  + Exception Group Traceback (most recent call last):"
_GROUP_MARGIN: Final = "  | "
_FRAME: Final = re.compile(r'^  File "([^"\n]*)", line ([0-9]+)(?:, in (\S+))?', re.MULTILINE)
# What ends a traceback: the first line at the first column.
_LAST: Final = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)
_LIBRARIES: Final = ("/site-packages/", "/dist-packages/", "/lib/python3")
_OWN: Final = str(Path(penstock.__file__).parent) + "/"
_RELEASE: Final = re.compile(
    r"(?:v|r|release-?)?[0-9][0-9._T-]*|(?=[a-f]*[0-9])[0-9a-f]{7,64}|tmp\w*|current|releases", re.ASCII
)
_MAX_PARTS: Final = 3
UNKNOWN: Final = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """Type and place of an exception.

    Attributes:
        kind: as the traceback names it, with its module; `unknown` where the traceback was cut before it.
        file: cut to what stays.
        function: where in it; empty for a syntax error.
        line: 0 = not known.
    """

    kind: str
    file: str
    function: str
    line: int

    @property
    def place(self) -> str:
        """As people read it: `shop/views.py:pay:12`."""
        return ":".join(filter(None, (self.file, self.function, str(self.line or ""))))


def find_origin(trace: str) -> Origin | None:
    """Return type and place of the exception that a traceback shows; None = it shows none."""
    block = _last_block(trace)
    if block is None:
        return None
    last = _LAST.search(block)
    frames = _FRAME.findall(block[: last.start()] if last else block)
    own = [frame for frame in frames if not _is_library(frame[0])]
    path, line, function = (own or frames or [("", "0", "")])[-1]
    return Origin(last[1] if last else UNKNOWN, short_path(path), function, int(line[:9]))


def short_path(path: str) -> str:
    """Return what of a path stays when the code is deployed elsewhere."""
    kept: list[str] = []
    for part in reversed(path.split("/")):
        if len(kept) == _MAX_PARTS or not part or (kept and _RELEASE.fullmatch(part)):
            break
        kept.append(part)
    return "/".join(reversed(kept))


def _last_block(trace: str) -> str | None:
    """Return what stands below the last header at the margin, without the margin of a group."""
    plain = _after_last(trace, _HEADER)
    group = _after_last(trace, _GROUP_HEADER)
    if group is not None and (plain is None or len(group) < len(plain)):
        lines = group.split("\n")
        return "\n".join(line.removeprefix(_GROUP_MARGIN) for line in lines if not line.startswith("    "))
    return plain


def _after_last(trace: str, header: str) -> str | None:
    """Return what stands below the last line that is this header."""
    _, found, below = ("\n" + trace).rpartition(f"\n{header}")
    return below if found else None


def _is_library(path: str) -> bool:
    return path.startswith(("<", _OWN)) or any(mark in path for mark in _LIBRARIES)
