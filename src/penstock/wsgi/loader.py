"""From `mysite.wsgi` on the command line to the application.

Most people meet a server first when it does not find their application, so
each way to be wrong has a message of one line that says what was looked for,
and a hint where a good guess can be made.  A module that is not there and one
that fails while it is imported are different mistakes, and are told apart.

In:     a target: `module`, `module:attribute`, `module:factory()`, `path/to/file.py[:attribute]`.
Out:    a WSGI application.
Never:  guesses: a hint is a sentence, not a second attempt.

Rules:  names are looked up from the current directory first, as `python -m` does.
"""

import ast
import difflib
import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast
from wsgiref.types import WSGIApplication

# What `module` alone means: Django's and mod_wsgi's name, then Flask's.
_USUAL_NAMES: Final = ("application", "app")


class ApplicationLoadError(Exception):
    """There is no application where the target says; the text is one line for the operator.

    Where code of the application failed, `__cause__` is its exception.
    """


def load_application(target: str) -> WSGIApplication:
    """Import and return the application that `target` names.

    Raises:
        ApplicationLoadError: there is none, its import or its factory failed, or it is no WSGI application.
    """
    place, _, expression = target.partition(":")
    if not place.strip():
        raise ApplicationLoadError(
            f"application {target!r}; expected module, module:attribute, module:factory() or a path to a file"
        )
    module = _import_file(place) if _is_path(place) else _import_module(place, target)
    found = _evaluate(module, expression, place) if expression else _usual_application(module, place)
    _check_application(found, target)
    return cast("WSGIApplication", found)


def load_hook(target: str) -> Callable[[], object]:
    """Import and return the function without arguments that `target` names: module:function.

    Raises:
        ApplicationLoadError: there is none, or its import failed.
    """
    place, _, expression = target.partition(":")
    if not place.strip() or not expression:
        raise ApplicationLoadError(f"hook {target!r}; expected module:function")
    module = _import_file(place) if _is_path(place) else _import_module(place, target)
    found = _evaluate(module, expression, place)
    if not callable(found):
        raise ApplicationLoadError(f"hook {target!r} is {_kind(found)}; expected a function")
    return cast("Callable[[], object]", found)


# Modules


def _is_path(place: str) -> bool:
    return place.endswith(".py") or os.sep in place


def _search_here_first(folder: str) -> None:
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _import_module(name: str, target: str) -> ModuleType:
    _search_here_first(str(Path.cwd()))
    if not all(part.isidentifier() for part in name.split(".")):
        raise ApplicationLoadError(
            f"application {target!r}: {name!r} is no module name; expected e.g. mysite.wsgi"
        )
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _import_failure(name, error) from error
        raise ApplicationLoadError(
            f"cannot find module {error.name!r} from {Path.cwd()}{_module_hint(name, error.name)}"
        ) from None
    except BaseException as error:  # whatever its top level does, SystemExit included
        raise _import_failure(name, error) from error


def _import_file(place: str) -> ModuleType:
    path = Path(place).resolve()
    if not path.is_file():
        raise ApplicationLoadError(f"cannot find file {place!r} from {Path.cwd()}{_file_hint(path)}")
    _search_here_first(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ApplicationLoadError(f"cannot import {place!r}; expected a file that ends in .py")
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[path.stem]
        raise _import_failure(place, error) from error
    return module


def _import_failure(place: str, error: BaseException) -> ApplicationLoadError:
    return ApplicationLoadError(f"importing {place!r} failed {_where(error)}")


def _where(error: BaseException) -> str:
    """Return `at file:line: Type: message`: the last line that is not the import system's."""
    if isinstance(error, SyntaxError) and error.filename:
        place = f"at {_short(error.filename)}:{error.lineno}: "
    else:
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename != __file__ and not frame.filename.startswith("<frozen ")
        ]
        place = f"at {_short(frames[-1].filename)}:{frames[-1].lineno}: " if frames else ""
    text = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
    return f"{place}{type(error).__name__}" + (f": {text}" if text else "")


def _short(filename: str) -> str:
    """Return the path as seen from here, if it lies below."""
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else filename


# Attributes


def _usual_application(module: ModuleType, place: str) -> Any:
    for name in _USUAL_NAMES:
        if hasattr(module, name):
            return getattr(module, name)
    hint = _usual_hint(module, place)
    raise ApplicationLoadError(
        f"module {place!r}{_elsewhere(module)} has neither 'application' nor 'app'{hint}"
    )


def _elsewhere(module: ModuleType) -> str:
    """Return where a module is, if not below the current directory: perhaps not the one that was meant."""
    file = getattr(module, "__file__", None)
    return "" if file is None or Path(file).is_relative_to(Path.cwd()) else f" ({file})"


def _evaluate(module: ModuleType, expression: str, place: str) -> Any:
    """Return what `attribute`, `dotted.attribute` or `factory("literal", key=1)` names in the module."""
    try:
        node = ast.parse(expression.strip(), mode="eval").body
        calls = isinstance(node, ast.Call)
        names = _dotted(node.func if isinstance(node, ast.Call) else node)
        arguments, keywords = _literals(node)
    except (SyntaxError, ValueError):
        raise ApplicationLoadError(
            f"application {place}:{expression!r}; expected attribute or factory(), with literal arguments"
        ) from None
    found: Any = module
    for index, name in enumerate(names):
        try:
            found = getattr(found, name)
        except AttributeError:
            owner = ".".join([place, *names[:index]])
            raise ApplicationLoadError(
                f"{owner!r} has no attribute {name!r}{_attribute_hint(found, name)}"
            ) from None
    return _call_factory(found, arguments, keywords, f"{place}:{expression}") if calls else found


def _dotted(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [*_dotted(node.value), node.attr]
    raise ValueError(ast.dump(node))


def _literals(node: ast.expr) -> tuple[list[Any], dict[str, Any]]:
    if not isinstance(node, ast.Call):
        return [], {}
    keywords = {keyword.arg or "**": ast.literal_eval(keyword.value) for keyword in node.keywords}
    return [ast.literal_eval(argument) for argument in node.args], keywords


def _call_factory(factory: Any, arguments: Sequence[Any], keywords: dict[str, Any], target: str) -> Any:
    if not callable(factory):
        raise ApplicationLoadError(f"application {target!r}: {_kind(factory)} cannot be called")
    try:
        return factory(*arguments, **keywords)
    except BaseException as error:
        raise ApplicationLoadError(f"factory {target!r} failed {_where(error)}") from error


# Is it one?


def _check_application(found: Any, target: str) -> None:
    if not callable(found):
        raise ApplicationLoadError(f"application {target!r} is {_kind(found)}; expected a callable")
    if _is_async(found):
        raise ApplicationLoadError(f"application {target!r} is asynchronous (ASGI); expected a WSGI callable")
    if not _takes_two(found):
        hint = " (a factory? then add parentheses)" if not inspect.isclass(found) else ""
        raise ApplicationLoadError(
            f"application {target!r} cannot be called with (environ, start_response){hint}"
        )


def _is_async(found: Any) -> bool:
    call = getattr(type(found), "__call__", None)  # noqa: B004 - its kind is asked, not whether there is one
    return inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(call)


def _takes_two(found: Any) -> bool:
    """Return False only when it is certain that the call must fail."""
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):  # callables written in C need not tell
        return True
    try:
        signature.bind({}, None)
    except TypeError:
        return False
    return True


def _kind(found: Any) -> str:
    return "None" if found is None else f"a {type(found).__name__}"


# Hints


def _suggest(name: str, names: Iterable[str], prefix: str = "", suffix: str = "") -> str:
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f" (did you mean {prefix + close[0] + suffix!r}?)" if close else ""


def _module_hint(name: str, missing: str) -> str:
    """Guess what was meant by a module of which `missing` is the part that is not there."""
    parent, _, last = missing.rpartition(".")
    if parent and hasattr(sys.modules.get(parent), last):
        return f" (did you mean '{parent}:{last}'?)"  # mysite.wsgi.application
    folders = list(getattr(sys.modules.get(parent), "__path__", [str(Path.cwd())]))
    prefix = f"{parent}." if parent else ""
    return _suggest(last, _modules_in(folders), prefix, name[len(missing) :])


def _modules_in(folders: Sequence[str]) -> list[str]:
    """Return the names that could be imported from there, folders without __init__.py included."""
    names = [module.name for module in pkgutil.iter_modules(folders)]
    return names + [path.name for folder in folders for path in Path(folder).glob("*/") if path.is_dir()]


def _file_hint(path: Path) -> str:
    if path.is_dir():
        return " (that is a folder; expected a .py file)"
    if path.with_suffix(".py").is_file():
        return f" (did you mean {_short(str(path.with_suffix('.py')))!r}?)"
    siblings = [entry.name for entry in path.parent.glob("*.py")] if path.parent.is_dir() else []
    return _suggest(path.name, siblings)


def _attribute_hint(owner: Any, name: str) -> str:
    return _suggest(name, [known for known in dir(owner) if not known.startswith("_")])


def _usual_hint(module: ModuleType, place: str) -> str:
    """Guess where the application of a module without the usual names is."""
    for submodule in ("wsgi", "app"):
        if hasattr(module, "__path__") and importlib.util.find_spec(f"{place}.{submodule}"):
            return f" (did you mean '{place}.{submodule}'?)"
    for name in ("create_app", "make_app", "get_wsgi_application"):
        if callable(getattr(module, name, None)):
            return f" (did you mean '{place}:{name}()'?)"
    names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    return _suggest("application", names, f"{place}:") or _suggest("app", names, f"{place}:")
