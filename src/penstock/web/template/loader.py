"""From the name of a template to a template, or at once to text.

In:     a name, or several in order of preference.
Out:    a template; `render_to_string`: its text.
Never:  caches: engines keep what they have compiled.
Rules:  Django's: all engines are asked in the order of TEMPLATES, or the one that is named.
"""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from penstock.web.template.engine import engines
from penstock.web.template.exceptions import TemplateDoesNotExist

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest
    from penstock.web.template.backends.base import BaseEngine, EngineTemplate


def get_template(template_name: str, using: str | None = None) -> "EngineTemplate":
    """Return a template.

    Raises:
        TemplateDoesNotExist: no engine has it; `chain` says where each looked.
        TemplateSyntaxError: it is there and cannot be read.
    """
    return _first([template_name], using)


def select_template(template_name_list: Sequence[str], using: str | None = None) -> "EngineTemplate":
    """Return the first of several templates that is there; TemplateDoesNotExist if there is none."""
    if isinstance(template_name_list, str):
        msg = (
            "select_template() takes an iterable of template names but got a string: "
            f"{template_name_list!r}. Use get_template() if you want to load a single template by name."
        )
        raise TypeError(msg)
    if not template_name_list:
        raise TemplateDoesNotExist("No template names provided")
    return _first(template_name_list, using)


def render_to_string(
    template_name: str | Sequence[str],
    context: dict[str, Any] | None = None,
    request: "HttpRequest | None" = None,
    using: str | None = None,
) -> str:
    """Return the text of a template, or of the first of several that is there."""
    several = isinstance(template_name, (list, tuple))
    template = select_template(template_name, using) if several else get_template(str(template_name), using)
    return template.render(context, request)


def _first(names: Sequence[str], using: str | None) -> "EngineTemplate":
    """Return the first template that there is: each name is asked of all engines before the next."""
    refusals: list[TemplateDoesNotExist] = []
    for name, engine in itertools.product(names, _chosen(using)):
        try:
            return engine.get_template(name)
        except TemplateDoesNotExist as refusal:
            refusals.append(refusal)
    raise TemplateDoesNotExist(", ".join(names), chain=refusals)


def _chosen(using: str | None) -> list["BaseEngine"]:
    return engines.all() if using is None else [engines[using]]
