"""Template engines that cannot be made, and templates that cannot be read.

In:     settings.TEMPLATES, the templates in the engines' folders.
Out:    messages with ids `templates.E...`.
Never:  renders.
Rules:  each template is read once, as the engine reads it; files that are no text are passed over.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from penstock.web.core.checks.message import CheckMessage, Error
from penstock.web.core.checks.message import Warning as CheckWarning
from penstock.web.core.checks.registry import Tags, register
from penstock.web.template import TemplateSyntaxError, engines

# What templates are called; their folders may hold pictures, too.
EXTENSIONS: Final = ("html", "htm", "txt", "xml", "j2", "jinja", "jinja2")
HINT: Final = "docs/from-django.md has what Jinja2 says instead of Django's tags and filters"
# `{% if "markdown" is filter %}`: a template that asks knows what it does.
_QUESTIONS: Final = ("filter", "test")


@register(Tags.templates)
def check_templates(**_asked: Any) -> list[CheckMessage]:
    """Return which engines cannot be made, and which of their templates cannot be read."""
    try:
        names = list(engines)
    except Exception as error:  # noqa: BLE001 - whatever TEMPLATES holds
        return [Error(f"TEMPLATES: {error}.", id="templates.E001")]
    return [message for name in names for message in _check_engine(name)]


def _check_engine(name: str) -> Iterator[CheckMessage]:
    try:
        engine = engines[name]
    except Exception as error:  # noqa: BLE001 - an environment function may do anything
        yield Error(f"TEMPLATES: the engine {name!r} cannot be made: {error}.", id="templates.E002")
        return
    for directory in engine.template_dirs:
        if not directory.is_dir():
            msg = f"TEMPLATES: the engine {name!r} looks in {directory}, which is no directory."
            yield CheckWarning(msg, id="templates.W001")
    environment = getattr(engine, "env", None)
    if environment is not None and environment.loader is not None:
        yield from _check_texts(engine, environment)


def _check_texts(engine: Any, environment: Any) -> Iterator[CheckMessage]:
    """Read each template of an engine; a loader that cannot list what it has has nothing to check."""
    try:
        names = environment.list_templates(extensions=EXTENSIONS)
    except TypeError:
        return
    for name in names:
        try:
            engine.get_template(name)
            yield from _unknown_names(environment, name)
        except TemplateSyntaxError as error:
            yield _unreadable(error, name)
        except UnicodeDecodeError as error:
            yield Error(f"{error}.", obj=name, id="templates.E004")


def _unknown_names(environment: Any, name: str) -> Iterator[Error]:
    """Return filters and tests that are not there: within an `{% if %}` Jinja2 says so when it renders."""
    from jinja2 import nodes

    source, path, _ = environment.loader.get_source(environment, name)
    used = list(environment.parse(source, name, path).find_all((nodes.Filter, nodes.Test)))
    if any(node.name in _QUESTIONS for node in used):
        return
    for node in used:
        is_filter = isinstance(node, nodes.Filter)
        if node.name not in (environment.filters if is_filter else environment.tests):
            text = f"no {'filter' if is_filter else 'test'} is named {node.name!r}."
            yield Error(text, hint=HINT, obj=f"{_from_here(path or name)}:{node.lineno}", id="templates.E003")


def _from_here(path: str) -> str:
    """Return the path of a file below the current folder from there."""
    return path.removeprefix(f"{Path.cwd()}{os.sep}")


def _unreadable(error: TemplateSyntaxError, name: str) -> Error:
    """Return where a template cannot be read; a file below the current folder is named from there."""
    info = getattr(error, "template_debug", {})
    path = _from_here(str(info.get("name") or name))
    text = str(info.get("message") or error).rstrip(".")
    return Error(f"{text}.", hint=HINT, obj=f"{path}:{info.get('line')}", id="templates.E003")
