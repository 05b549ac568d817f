"""What Django has and penstock.web has not, and what does it instead.

In:     a dotted name below `django.`.
Out:    advice.
Never:  says what is there: that is found out by importing it (scan.py).
Rules:  the longest name in the table that a name begins with counts; docs/from-django.md has the same list.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "contrib.admin": "no admin; keep Django for it, or write views",
        "contrib.auth.password_validation": "delete AUTH_PASSWORD_VALIDATORS; a view judges its passwords",
        "contrib.auth": "the session holds the user's id; argon2-cffi or pwdlib hashes passwords",
        "contrib.contenttypes": "it belongs to models; a column that names the table does it",
        "contrib.flatpages": "templates",
        "contrib.gis": "GeoAlchemy",
        "contrib.humanize": "the package humanize as a Jinja2 filter",
        "contrib.messages": "a list in request.session that the next page shows and empties",
        "contrib.postgres": "sqlalchemy.dialects.postgresql",
        "contrib.redirects": "RedirectView, or the server in front",
        "contrib.sitemaps": "a view with a template",
        "contrib.sites": "settings, or request.get_host()",
        "contrib.staticfiles": "whitenoise or nginx serves, and conf.urls.static.static() while developing",
        "contrib.syndication": "the package feedgen",
        "core.asgi": "delete it: the site runs under any WSGI server, async views included",
        "core.cache.backends.db": "core.cache.backends.filebased, which all workers share, or redis",
        "core.cache.backends.memcached": "your own BaseCache (core.cache.backends.base) around pymemcache",
        "core.files.images": "Pillow",
        "core.management.execute_from_command_line": "delete manage.py; `penstock --help` lists the commands",
        "core.management": "a console script that calls penstock.web.setup()",
        "core.serializers.deserialize": "json, with core.serializers.json.DjangoJSONEncoder",
        "core.serializers.serialize": "json, with core.serializers.json.DjangoJSONEncoder",
        "db.connection": "penstock.web.db.engine() and penstock.web.db.session()",
        "db.connections": "penstock.web.db.engine(alias) and penstock.web.db.session(alias)",
        "db.migrations": "Alembic's operations, in files that `penstock makemigrations` writes",
        "db.models.AutoField": "delete the setting; a model declares its own primary key",
        "db.models.BigAutoField": "delete the setting; a model declares its own primary key",
        "db.models": "penstock.web.db.Model: SQLAlchemy's declarative models",
        "forms": "WTForms or pydantic; request.POST and request.FILES are Django's",
        "shortcuts.get_list_or_404": "raise Http404 where a query finds nothing",
        "shortcuts.get_object_or_404": "raise Http404 where a query finds nothing",
        "template.Context": "a dict",
        "template.Engine": "penstock.web.template.engines",
        "template.Library": "a function in the Jinja2 environment's filters or globals",
        "template.RequestContext": "render(request, template, context)",
        "template.Template": 'penstock.web.template.engines["jinja2"].from_string(text)',
        "template.base": "jinja2",
        "template.context": "a dict",
        "template.defaultfilters": "Jinja2's filters, or functions in the environment's filters",
        "template.library": "functions in the Jinja2 environment",
        "template.loaders": "jinja2's loaders, as OPTIONS['loader']",
        "templatetags": "globals and filters of the Jinja2 environment",
        "test.LiveServerTestCase": "penstock serve in a subprocess, or wsgiref in a thread",
        "test.runner": "python -m unittest, or pytest",
        "test.selenium": "playwright or selenium itself, with penstock serve in a subprocess",
        "test.utils.CaptureQueriesContext": "penstock.web.test.database.captured_queries(alias)",
        "test.utils.setup_test_environment": "SimpleTestCase does it for its tests",
        "utils.autoreload": "penstock serve --reload",
        "utils.dateformat": "strftime, or babel",
        "utils.feedgenerator": "the package feedgen",
        "utils.formats": "babel",
        "utils.html.urlize": "Jinja2's filter urlize",
        "utils.ipv6": "ipaddress",
        "utils.itercompat": "isinstance(value, collections.abc.Iterable)",
        "utils.lorem_ipsum": "the package faker",
        "utils.numberformat": "babel",
        "utils.timesince": "the package humanize",
        "views.i18n.JSONCatalog": "a view that answers with the texts the script needs",
        "views.i18n.JavaScriptCatalog": "a view that answers with the texts the script needs",
        "views.generic": "View with a query, TemplateView, RedirectView",
    }
)
OTHERWISE: Final = "see docs/from-django.md"


def advice_for(name: str) -> str:
    """Return what to use instead of `name`, e.g. "db.models.Model"."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        advice = ADVICE.get(".".join(parts[:count]))
        if advice is not None:
            return advice
    return OTHERWISE
