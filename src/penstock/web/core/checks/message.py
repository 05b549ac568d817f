"""What a check says: how bad it is, what it is, what helps, where, and an id to silence it by.

In:     a check's finding.
Out:    a message.
Never:  prints.
Rules:  Django's levels and ids; SILENCED_SYSTEM_CHECKS lists ids.
"""

import logging
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from penstock.web.conf import settings

DEBUG: Final = logging.DEBUG
INFO: Final = logging.INFO
WARNING: Final = logging.WARNING
ERROR: Final = logging.ERROR
CRITICAL: Final = logging.CRITICAL


@dataclass(slots=True)
class CheckMessage:
    """A finding.

    Attributes:
        level: 10 to 50, as of logging; from ERROR on the project cannot work.
        hint: what to do.
        obj: what it is about.
        id: e.g. "urls.W002".
    """

    level: int
    msg: str
    hint: str | None = None
    obj: Any = None
    id: str | None = None

    def is_serious(self, level: int = ERROR) -> bool:
        """Tell whether it is at least that bad."""
        return self.level >= level

    def is_silenced(self) -> bool:
        """Tell whether the project does not want to hear of it."""
        return self.id in settings.SILENCED_SYSTEM_CHECKS

    def __str__(self) -> str:
        subject = "?" if self.obj is None else str(self.obj)
        number = f"({self.id}) " if self.id else ""
        hint = f"\n\tHINT: {self.hint}" if self.hint else ""
        return f"{subject}: {number}{self.msg}{hint}"


class _OfOneLevel(CheckMessage):
    """A message whose class says how bad it is."""

    LEVEL: ClassVar[int]

    def __init__(self, msg: str, hint: str | None = None, obj: Any = None, id: str | None = None) -> None:
        super().__init__(self.LEVEL, msg, hint, obj, id)


class Debug(_OfOneLevel):
    """Something to know while debugging."""

    LEVEL = DEBUG


class Info(_OfOneLevel):
    """Something to know."""

    LEVEL = INFO


class Warning(_OfOneLevel):
    """Something that will hurt."""

    LEVEL = WARNING


class Error(_OfOneLevel):
    """Something that does not work."""

    LEVEL = ERROR


class Critical(_OfOneLevel):
    """Something that keeps all from working."""

    LEVEL = CRITICAL
