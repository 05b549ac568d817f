"""A site with a database, for the flows: it counts, and hangs within a transaction when told to.

In:     COUNTING_URL.
Out:    / (the number), /raise/N, /hang, /backend.
Never:  leaves the template without having used the database: what it opened must not cross the fork.
"""

import os
import time

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from penstock.web import db
from penstock.web.conf import settings
from penstock.web.core.wsgi import get_wsgi_application
from penstock.web.db import transaction
from penstock.web.http import HttpResponse, JsonResponse
from penstock.web.urls import path

settings.configure(
    SECRET_KEY="of the flows",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"URL": os.environ["COUNTING_URL"]}},
)


class Counter(db.Model):
    __tablename__ = "counter"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


def begin() -> None:
    """Make the table and its row, at the import."""
    db.Model.metadata.create_all(db.engine(), tables=[Counter.__table__])
    with transaction.atomic():
        if db.session().get(Counter, 1) is None:
            db.session().add(Counter(id=1))
    db.close_sessions()


def locked() -> Counter:
    return db.session().get(Counter, 1, with_for_update=True)


def take_time(request) -> None:
    """Give a request the time that a busy machine needs, where the test has made the limit a short one."""
    request.META["penstock.extend_deadline"](60)


def show(request):
    take_time(request)
    return HttpResponse(str(db.session().get(Counter, 1).value))


def raise_it(request, times):
    """Read, add and write, each time in a transaction."""
    take_time(request)
    for _ in range(times):
        with transaction.atomic():
            locked().value += 1
    return HttpResponse(str(os.getpid()))


def hang(request):
    """Wait for ever in a transaction that has written."""
    with transaction.atomic():
        locked().value += 1
        db.session().flush()
        while True:
            time.sleep(0.005)


def backend(request):
    """Tell who answers, and who it speaks with."""
    number = db.session().scalar(sa.text("SELECT pg_backend_pid()"))
    time.sleep(0.02)  # so that others take part
    return JsonResponse({"pid": os.getpid(), "backend": number})


urlpatterns = [
    path("", show),
    path("raise/<int:times>", raise_it),
    path("hang", hang),
    path("backend", backend),
]
begin()
application = get_wsgi_application()
