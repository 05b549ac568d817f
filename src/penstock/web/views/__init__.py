"""Views: classes of them, what may stand around them, and those that answer when something is wrong.

generic/      View, TemplateView, RedirectView      defaults.py   400, 403, 404, 500
decorators/   methods, caching, CSRF, headers       csrf.py       a refused form
static.py     files, while developing               debug.py      what a developer wants to know
"""

from penstock.web.views.generic.base import View

__all__ = ("View",)
