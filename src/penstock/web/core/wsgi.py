"""The entry point that servers are told of: `mysite.wsgi` calls it once.

In:     a settings module (PENSTOCK_SETTINGS_MODULE, else DJANGO_SETTINGS_MODULE), or configured settings.
Out:    the site as a WSGI application.
Never:  sets the script prefix: each request brings its own.

Rules:  Django's `get_wsgi_application`.
"""

from penstock.web import setup
from penstock.web.conf import settings
from penstock.web.conf.check import require_settings
from penstock.web.core.handlers.wsgi import WSGIHandler


def get_wsgi_application() -> WSGIHandler:
    """Set up logging and load the middleware; raises what settings and middleware raise."""
    setup(set_prefix=False)
    require_settings(settings, "ROOT_URLCONF")
    return WSGIHandler()
