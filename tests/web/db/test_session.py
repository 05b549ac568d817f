import asyncio
import contextvars
import threading

import pytest
import sqlalchemy as sa

from penstock.web import db
from penstock.web.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from penstock.web.core.wsgi import get_wsgi_application
from penstock.web.db import transaction
from penstock.web.db.session import TransactionManagementError
from penstock.web.http import HttpResponse, StreamingHttpResponse
from penstock.web.test import Client, RequestFactory
from penstock.web.urls import path
from penstock.web.utils.crossing import run_in_thread


def test_session_is_the_same_until_it_is_closed(counter) -> None:
    first = db.session()
    assert db.session("default") is first
    db.close_sessions()
    assert db.session() is not first


def test_threads_have_sessions_of_their_own(counter) -> None:
    found = []
    thread = threading.Thread(target=lambda: found.append(db.session()))
    thread.start()
    thread.join()
    assert found[0] is not db.session()


def test_session_of_a_database_that_is_not_there_is_refused(counter) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASES has no 'other'; expected one of"):
        db.session("other")


def test_change_without_commit_is_rolled_back_at_the_end_of_a_request(urlconf, counter, count) -> None:
    def view(request):
        db.session().add(counter())
        db.session().flush()
        return HttpResponse()

    urlconf(path("", view))
    assert Client().get("/").status_code == 200
    assert count() == 0
    assert db.engine().pool.checkedout() == 0


def test_change_without_commit_is_said_under_debug(urlconf, override, counter, said) -> None:
    def view(request):
        db.session().add(counter())
        return HttpResponse()

    urlconf(path("", view))
    Client().get("/")
    assert "not committed" not in said.text
    override(DEBUG=True)
    Client().get("/")
    assert "changes of database 'default' were not committed" in said.text


def test_committed_change_is_not_said_under_debug(urlconf, override, counter, said, count) -> None:
    def view(request):
        db.session().add(counter())
        db.session().commit()
        db.session().scalars(sa.select(counter)).all()
        return HttpResponse()

    urlconf(path("", view))
    override(DEBUG=True)
    Client().get("/")
    assert (said.text, count()) == ("", 1)


def test_stream_reads_the_session_after_the_view(urlconf, counter) -> None:
    with transaction.atomic():
        db.session().add_all([counter(value=1), counter(value=2)])

    def view(request):
        rows = db.session().scalars(sa.select(counter.value).order_by(counter.id))
        return StreamingHttpResponse(f"{value};" for value in rows)

    urlconf(path("", view))
    response = Client().get("/")
    assert b"".join(response.streaming_content) == b"1;2;"
    assert db.engine().pool.checkedout() == 0


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_connection_comes_back_when_an_exception_leaves_the_application(urlconf, counter, error) -> None:
    def view(request):
        db.session().scalars(sa.select(counter)).all()
        raise error

    urlconf(path("", view))
    application = get_wsgi_application()
    with pytest.raises(error):
        application(RequestFactory().get("/").environ, lambda *_: None)
    assert db.engine().pool.checkedout() == 0


def test_session_on_an_event_loop_is_refused(counter) -> None:
    async def ask():
        db.session()

    with pytest.raises(SynchronousOnlyOperation, match="expected a thread"):
        asyncio.run(ask())


def test_async_view_finds_one_session_in_its_threads(urlconf, counter) -> None:
    seen = []

    async def view(request):
        seen.append(await run_in_thread(db.session)())
        seen.append(await run_in_thread(db.session)())
        return HttpResponse()

    urlconf(path("", view))
    assert Client().get("/").status_code == 200
    assert seen[0] is seen[1]
    assert db.session() is not seen[0]


def test_closing_sessions_where_there_are_none_does_nothing() -> None:
    context = contextvars.Context()
    context.run(db.close_sessions)
    assert not list(context)


def test_closing_sessions_ends_a_block_that_was_abandoned(counter, count) -> None:
    block = transaction.atomic()
    block.__enter__()
    db.session().add(counter())
    db.close_sessions()
    assert not transaction.in_atomic_block()
    assert count() == 0


def test_error_of_transactions_is_no_database_error() -> None:
    assert issubclass(TransactionManagementError, RuntimeError)
