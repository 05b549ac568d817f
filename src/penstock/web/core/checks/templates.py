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
        except TemplateSyntaxError as error:
            yield _unreadable(error, name)
        except UnicodeDecodeError as error:
            yield Error(f"{error}.", obj=name, id="templates.E004")


def _unreadable(error: TemplateSyntaxError, name: str) -> Error:
    """Return where a template cannot be read; a file below the current folder is named from there."""
    info = getattr(error, "template_debug", {})
    path = str(info.get("name") or name).removeprefix(f"{Path.cwd()}{os.sep}")
    hint = "docs/from-django.md has what Jinja2 says instead of Django's tags and filters"
    text = str(info.get("message") or error).rstrip(".")
    return Error(f"{text}.", hint=hint, obj=f"{path}:{info.get('line')}", id="templates.E003")
