"""TEMPLATES as they are written for Django's own language, rendered by Jinja2.

Both languages share the look of `{{ name }}` and of the tags if, for, extends, block and include.  A template
that uses no more works as it is; what nearly every template has besides is understood, too: tags
(django_tags.py), and methods that a dot calls (lookup.py).  What else is only Django's is an error with the
line: most of it when the template is read; a function that is shown and not called, when it is rendered.

In:     an entry of TEMPLATES for Django's engine, its `loaders` included.
Out:    templates as those of backends/jinja2.py.
Never:  renders what means something else in Jinja2: filters with a colon, template tag libraries.
Rules:  Django's options; a name that is not there is empty text, however deep.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

import jinja2
from jinja2.exceptions import TemplateRuntimeError

from penstock.web.core.exceptions import ImproperlyConfigured

from .jinja2 import Jinja2
from .lookup import METHODS, look_up_as_django

# Options that change nothing here: Jinja2 shows its own errors, reads UTF-8 and has no tag libraries.
_IGNORED: Final = ("debug", "file_charset", "string_if_invalid", "libraries", "builtins")


class Missing(jinja2.ChainableUndefined):
    """What is not there: empty text, however deep, and equal to None."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other is None or super().__eq__(other)

    __hash__ = jinja2.ChainableUndefined.__hash__


# `is` is an operator of Python in Django's language; in Jinja2 a word behind it is the name of a test.
_CONSTANTS: Final[Mapping[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "None": lambda value: value is None or isinstance(value, jinja2.Undefined),
        "True": lambda value: value is True,
        "False": lambda value: value is False,
    }
)


class DjangoTemplates(Jinja2):
    """The engine."""

    app_dirname: ClassVar[str | None] = "templates"

    def __init__(self, params: dict[str, Any]) -> None:
        """Read Django's options; ImproperlyConfigured names a loader that is not known."""
        options = {name: value for name, value in params["OPTIONS"].items() if name not in _IGNORED}
        loaders = options.pop("loaders", None)
        options.setdefault("undefined", Missing)
        options.setdefault("keep_trailing_newline", True)
        options.setdefault("finalize", _refuse_method)
        options.setdefault("extensions", ["penstock.web.template.backends.django_tags.DjangoTags"])
        if loaders is not None:
            options["loader"] = _choice(loaders, [Path(each) for each in params["DIRS"]])
        super().__init__({**params, "OPTIONS": options})
        look_up_as_django(self.env)
        self.env.tests.update(_CONSTANTS)


def _refuse_method(shown: Any) -> Any:
    """Return what is to be shown; a method that needs arguments would be an address in memory."""
    if type(shown) not in METHODS:
        return shown
    msg = f"{shown.__name__!r} is shown without being called; expected a call of it"
    raise TemplateRuntimeError(msg)


def _choice(loaders: Sequence[Any], directories: list[Path]) -> jinja2.BaseLoader:
    return jinja2.ChoiceLoader([_loader(each, directories) for each in loaders])


def _loader(entry: Any, directories: list[Path]) -> jinja2.BaseLoader:
    """Return what does for Jinja2 what a loader of Django does: a dotted path, or one with arguments."""
    path, *arguments = [entry] if isinstance(entry, str) else entry
    kind = path.removesuffix(".Loader").rpartition(".")[2]
    if kind == "locmem":
        return jinja2.DictLoader(*arguments)
    if kind == "filesystem":
        return jinja2.FileSystemLoader(arguments[0] if arguments else directories)
    if kind == "cached":
        return _choice(arguments[0], directories)  # Jinja2 keeps what it has compiled by itself
    msg = f"template loader {path!r}; expected Django's locmem, filesystem or cached loader, or APP_DIRS"
    raise ImproperlyConfigured(msg)
