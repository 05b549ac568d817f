"""The entry point that servers are told of: `mysite.wsgi` calls it once.

In:     DJANGO_SETTINGS_MODULE, or settings that were configured.
Out:    the site as a WSGI application.
"""

from penstock.web import setup
from penstock.web.core.handlers.wsgi import WSGIHandler


def get_wsgi_application() -> WSGIHandler:
    """Set up logging and load the middleware; raises what settings and middleware raise."""
    setup(set_prefix=False)
    return WSGIHandler()
