"""From the name of a template to a template, or at once to text.

In:     a name, or several in order of preference.
Out:    a template; `render_to_string`: its text.
Never:  caches: engines keep what they have compiled.
Rules:  Django's: all engines are asked in the order of TEMPLATES, or the one that is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .engine import engines
from .exceptions import TemplateDoesNotExist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.web.http import HttpRequest

    from .backends.base import BaseEngine, EngineTemplate


def get_template(template_name: str, using: str | None = None) -> EngineTemplate:
    """Return a template.

    Raises:
        TemplateDoesNotExist: no engine has it; `chain` says where each looked.
        TemplateSyntaxError: it is there and cannot be read.
    """
    refusals: list[TemplateDoesNotExist] = []
    for engine in _chosen(using):
        try:
            return engine.get_template(template_name)
        except TemplateDoesNotExist as refusal:
            refusals.append(refusal)
    raise TemplateDoesNotExist(template_name, chain=refusals)


def select_template(template_name_list: Sequence[str], using: str | None = None) -> EngineTemplate:
    """Return the first of several templates that is there; TemplateDoesNotExist if there is none."""
    if isinstance(template_name_list, str):
        msg = (
            "select_template() takes an iterable of template names but got a string: "
            f"{template_name_list!r}. Use get_template() if you want to load a single template by name."
        )
        raise TypeError(msg)
    refusals: list[TemplateDoesNotExist] = []
    for template_name in template_name_list:
        for engine in _chosen(using):
            try:
                return engine.get_template(template_name)
            except TemplateDoesNotExist as refusal:
                refusals.append(refusal)
    if not template_name_list:
        raise TemplateDoesNotExist("No template names provided")
    raise TemplateDoesNotExist(", ".join(template_name_list), chain=refusals)


def render_to_string(
    template_name: str | Sequence[str],
    context: dict[str, Any] | None = None,
    request: HttpRequest | None = None,
    using: str | None = None,
) -> str:
    """Return the text of a template, or of the first of several that is there."""
    several = isinstance(template_name, (list, tuple))
    template = select_template(template_name, using) if several else get_template(str(template_name), using)
    return template.render(context, request)


def _chosen(using: str | None) -> list[BaseEngine]:
    return engines.all() if using is None else [engines[using]]
