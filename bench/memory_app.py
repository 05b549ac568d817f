"""A site on a usual stack, for bench/memory.py: every request uses all of what it imports."""

import os

import django
import jinja2
import numpy as np
import sqlalchemy
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    DEBUG=False,
    ROOT_URLCONF=__name__,
    SECRET_KEY="not a secret",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.security.SecurityMiddleware"],
    USE_TZ=True,
)
django.setup()

PAGE = jinja2.Environment(autoescape=True).from_string(
    "<h1>{{ title }}</h1>{% for row in rows %}<p>{{ row }}</p>{% endfor %}"
)
ITEMS = sqlalchemy.table("items", sqlalchemy.column("id"), sqlalchemy.column("name"))


def page(_request, number):
    """Render a page of a little arithmetic and a little SQL."""
    rows = np.cumsum(np.arange(10) * number).tolist()
    query = sqlalchemy.select(ITEMS).where(ITEMS.c.id == number).order_by(ITEMS.c.name)
    return HttpResponse(PAGE.render(title=str(query), rows=rows), headers={"X-Worker": str(os.getpid())})


urlpatterns = [path("<int:number>", page)]
application = get_wsgi_application()
