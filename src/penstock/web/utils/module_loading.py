"""Find a thing by its dotted name.

In:     "package.module.Name".
Out:    what stands there.
Never:  guesses: a name without a dot is refused.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def import_string(dotted_path: str) -> Any:
    """What the last part of a dotted path names in the module that the rest names.

    Raises:
        ImportError: the path has no dot, the module cannot be imported, or it has no such attribute.
    """
    module_path, dot, name = dotted_path.rpartition(".")
    if not dot:
        raise ImportError(f"dotted path {dotted_path!r}; expected a module, a dot and a name")
    try:
        return getattr(_module(module_path), name)
    except AttributeError as error:
        raise ImportError(f"module {module_path!r} has no {name!r}") from error


def _module(path: str) -> ModuleType:
    """A module, quickly if it is there; one that is still being imported goes through the import lock."""
    module = sys.modules.get(path)
    spec = getattr(module, "__spec__", None)
    if module is None or spec is None or getattr(spec, "_initializing", False):
        return importlib.import_module(path)
    return module


def module_has_submodule(package: ModuleType, module_name: str) -> bool:
    """Tell whether a package has a module of that name, without importing it."""
    if not hasattr(package, "__path__"):
        return False
    try:
        return importlib.util.find_spec(f"{package.__name__}.{module_name}", package.__name__) is not None
    except ModuleNotFoundError:
        return False  # a name with dots whose first half is no package


def module_dir(module: ModuleType) -> str:
    """The one folder a module is in.

    Raises:
        ValueError: it is in several, or in none.
    """
    folders = list(getattr(module, "__path__", ()))
    if len(folders) == 1:
        return str(folders[0])
    if getattr(module, "__file__", None):
        return str(Path(str(module.__file__)).parent)
    raise ValueError(f"module {module.__name__} is in {folders!r}; expected one folder")
