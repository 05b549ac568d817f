"""The entry point that servers are told of: `mysite.wsgi` calls it once.

In:     a settings module (PENSTOCK_SETTINGS_MODULE, else DJANGO_SETTINGS_MODULE), or configured settings.
Out:    the site as a WSGI application.
Never:  sets the script prefix: each request brings its own.

Rules:  Django's `get_wsgi_application`.  Where DEBUG is off the routes, and with them the views, are read
        here and not by the first request: what cannot be imported stops a deployment, and workers that are
        forked later share it.  Under DEBUG the first request reads them, so that the page for developers
        shows the mistake.
"""

from penstock.web import setup
from penstock.web.conf import settings
from penstock.web.conf.check import require_settings
from penstock.web.core.handlers.wsgi import WSGIHandler
from penstock.web.urls import get_resolver


def get_wsgi_application() -> WSGIHandler:
    """Set up logging, load the middleware, read the routes; raises what these and the settings raise."""
    setup(set_prefix=False)
    require_settings(settings, "ROOT_URLCONF")
    application = WSGIHandler()
    if not settings.DEBUG:
        _ = get_resolver().table
    return application
