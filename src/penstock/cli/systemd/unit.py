r"""Unit files as text: sections of settings, quoted as systemd reads them.

In:     names, words.
Out:    text.
Never:  knows what the settings are for (command.py), writes a file.

Rules:  systemd.syntax(7), systemd.service(5) "command lines": a word with a blank is quoted, a backslash
        and a
        quote within are escaped, `%` begins a specifier and `$` a variable unless doubled.
"""

import dataclasses
import re
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9@%+=:,./_$-]+", re.ASCII)
# What a file name of a unit may hold (systemd.unit(5)), and no `@`: that is a template's.
UNIT_NAME: Final = re.compile(r"[A-Za-z0-9:_.-]{1,200}", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """One section; a setting may come more than once, a line without `=` is a comment."""

    name: str
    lines: tuple[str, ...]


def render(sections: tuple[Section, ...]) -> str:
    """Return the unit file."""
    return "\n".join(
        f"[{section.name}]\n" + "".join(f"{line}\n" for line in section.lines) for section in sections
    )


def path(word: str) -> str:
    """Return a path as the value of a setting that takes exactly one."""
    return word.replace("%", "%%")


def word(text: str) -> str:
    """Return one word of a setting that takes a list of words."""
    text = text.replace("%", "%%")
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def command(words: list[str]) -> str:
    """Return a command line."""
    return " ".join(word(text.replace("$", "$$")) for text in words)
