"""`penstock startproject NAME`: a site that runs at once, with tests and nothing that must be thrown away.

In:     a name, perhaps a folder.
Out:    files, made from those in project/.
Never:  overwrites anything; puts a secret into a file that is committed.
Rules:  the name is a Python identifier that nothing importable has yet.
"""

import keyword
import os
import re
import secrets
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from penstock.cli.error import CommandError
from penstock.config import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

SOURCE: Final = Path(__file__).parent / "template"
PLACE: Final = re.compile(r"\$\{([a-z]+)\}")
# Nobody but the owner may read it: it holds the key that signs sessions.
PRIVATE_FILE: Final = ".env"


def run_startproject(arguments: "argparse.Namespace") -> int:
    """Make the project and say what to do next.

    Raises:
        ConfigError: the name cannot be a package's, or is taken.
        CommandError: a file is there already, or the folder cannot be written.
    """
    name = arguments.name
    check_name(name)
    folder = Path(arguments.folder or name)
    make_project(name, folder)
    is_here = folder.resolve() == Path.cwd()
    steps = ["penstock serve"] if is_here else [f"cd {folder}", "penstock serve"]
    if find_spec("jinja2") is None:
        steps.insert(0, "pip install 'penstock[web]'")
    where = f"{name} is ready in this folder" if is_here else f"{folder}/ is ready"
    sys.stdout.write(f"{where}:\n\n" + "".join(f"    {step}\n" for step in steps))
    return 0


def check_name(name: str) -> None:
    """Refuse a name that cannot be imported or would hide something; ConfigError says which."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ConfigError(
            f"project name {name!r}", "expected letters, digits and underscores, no digit first"
        )
    if find_spec(name) is not None:
        raise ConfigError(
            f"project name {name!r} is taken by a module that can be imported", "expected another one"
        )


def make_project(name: str, folder: Path) -> None:
    """Write the files of a project; CommandError if one of them is there already."""
    files = dict(_files(name, folder))
    taken = [path for path in files if path.exists()]
    if taken:
        raise CommandError(f"{taken[0]} exists; expected a folder without the project's files")
    values = {"project": name, "secret": secrets.token_urlsafe(50)}
    try:
        for path, source in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, _filled(source.read_text(encoding="utf-8"), values))
    except OSError as error:
        raise CommandError(f"cannot write {error.filename}: {error.strerror}") from error


def _filled(text: str, values: "Mapping[str, str]") -> str:
    """Replace each `${name}`; a dollar alone is common in styles and scripts, and stays."""
    return PLACE.sub(lambda place: values[place[1]], text)


def _files(name: str, folder: Path) -> "Iterator[tuple[Path, Path]]":
    """Yield where each file goes and what it is made from.

    There, `project/` stands for the package, `dot-` for a dot, and `.txt` keeps tools from taking it for
    code.
    """
    for source in sorted(SOURCE.rglob("*.txt")):
        parts = list(source.relative_to(SOURCE).parts)
        if parts[0] == "project":
            parts[0] = name
        parts[-1] = parts[-1].removesuffix(".txt")
        if parts[-1].startswith("dot-"):
            parts[-1] = "." + parts[-1].removeprefix("dot-")
        yield folder.joinpath(*parts), source


def _write(path: Path, text: str) -> None:
    mode = 0o600 if path.name == PRIVATE_FILE else 0o666  # less the umask
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
