"""The framework: Django's request -> response path, afresh.

Names, rules and settings are Django's, one level down: `django.http` is `penstock.web.http`.  It imports
nothing of the server and runs under any caller of PEP 3333.

In:     a WSGI environ.
Out:    status, headers, an iterable of bytes.
Never:  opens a socket, forks, or knows which server calls it.
"""

from penstock.web.utils.version import get_version, get_version_tuple

VERSION = (*get_version_tuple(get_version()), "final", 0)

__all__ = ["VERSION", "get_version", "setup"]


def setup(set_prefix: bool = True) -> None:
    """Load and check the settings, configure logging, load INSTALLED_APPS; `get_wsgi_application()` calls it.

    Args:
        set_prefix: make FORCE_SCRIPT_NAME the script name of this thread, for programs outside a request.

    Raises:
        ImproperlyConfigured: settings are missing, misspelt or of the wrong type; one error names them all.
    """
    from penstock.web.apps import apps
    from penstock.web.conf import settings
    from penstock.web.conf.check import check_settings
    from penstock.web.utils.log import configure_logging

    check_settings(settings)
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    if set_prefix:
        from penstock.web.urls import set_script_prefix

        set_script_prefix("/" if settings.FORCE_SCRIPT_NAME is None else settings.FORCE_SCRIPT_NAME)
    apps.populate(settings.INSTALLED_APPS)
