"""Views as classes; those that list and edit models are not there, as there are no models.

In:     nothing.
Out:    Django's names.
Never:  holds code of its own.
"""

from penstock.web.views.generic.base import RedirectView, TemplateView, View

__all__ = ("RedirectView", "TemplateView", "View")
