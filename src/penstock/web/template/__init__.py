"""Templates: engines, loading, responses.

The engine is Jinja2, behind Django's interface; Django's own template language is not there.

    engine.py     the engines of TEMPLATES            response.py             a template that renders late
    loader.py     from a name to a template           context_processors.py   what is in each context
    backends/     what an engine must offer; Jinja2   address.py              url() and static()
"""

from penstock.web.template.engine import engines
from penstock.web.template.exceptions import TemplateDoesNotExist, TemplateSyntaxError

__all__ = ("TemplateDoesNotExist", "TemplateSyntaxError", "engines")
