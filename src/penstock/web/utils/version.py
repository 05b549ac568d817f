"""Which Python runs, and which version this is.

In:     nothing.
Out:    `PY311` ... and `get_version`.
Never:  asks a version control system.
"""

import sys
from typing import Final

from penstock import __version__

PYPY: Final = sys.implementation.name == "pypy"
PY38: Final = sys.version_info >= (3, 8)
PY39: Final = sys.version_info >= (3, 9)
PY310: Final = sys.version_info >= (3, 10)
PY311: Final = sys.version_info >= (3, 11)
PY312: Final = sys.version_info >= (3, 12)
PY313: Final = sys.version_info >= (3, 13)
PY314: Final = sys.version_info >= (3, 14)


def get_version() -> str:
    """The version of Penstock."""
    return __version__


def get_docs_version() -> str:
    """The first two numbers of the version: what a page of the documentation is for."""
    return ".".join(__version__.split(".")[:2])


def get_version_tuple(version: str) -> tuple[int, ...]:
    """The numbers before the first part of a version that is none: "1.2.3rc4" gives (1, 2, 3)."""
    numbers: list[int] = []
    for part in version.replace("a", ".a.").replace("b", ".b.").replace("rc", ".rc.").split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)
