"""contrib/sessions/backends: what every store does, and what one of them does alone."""

import asyncio
import datetime as dt
import logging
import os
import time

import pytest
from django.contrib.sessions.backends.base import SessionBase as DjangoBase
from django.contrib.sessions.backends.file import SessionStore as DjangoFiles
from django.contrib.sessions.backends.signed_cookies import SessionStore as DjangoCookies
from django.test.utils import override_settings

from penstock.web import db
from penstock.web.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from penstock.web.contrib.sessions.backends.cache import SessionStore as Caches
from penstock.web.contrib.sessions.backends.cached_db import SessionStore as CachedRows
from penstock.web.contrib.sessions.backends.db import SessionStore as Rows
from penstock.web.contrib.sessions.backends.file import SessionStore as Files
from penstock.web.contrib.sessions.backends.signed_cookies import SessionStore as Cookies
from penstock.web.contrib.sessions.exceptions import InvalidSessionKey
from penstock.web.contrib.sessions.models import Session
from penstock.web.core import signing
from penstock.web.core.cache import caches
from penstock.web.core.exceptions import ImproperlyConfigured

STORES = {"cookies": Cookies, "files": Files, "cache": Caches, "db": Rows, "cached_db": CachedRows}
KEEPING = [pytest.param(kind, id=name) for name, kind in STORES.items() if kind is not Cookies]


@pytest.fixture(autouse=True)
def place(override, tmp_path):
    override(
        SESSION_FILE_PATH=str(tmp_path),
        SECRET_KEY="secret of the tests",
        USE_TZ=True,
        DATABASES={"default": {"URL": f"sqlite:///{tmp_path}/../{tmp_path.name}.sqlite3"}},
    )
    caches["default"].clear()
    db.Model.metadata.create_all(db.engine(), tables=[Session.__table__])
    yield tmp_path
    db.close_sessions()


@pytest.fixture(params=STORES.values(), ids=STORES)
def store(request):
    return request.param


def test_values_come_back_under_the_key(store):
    session = store()
    session["a"] = {"b": [1]}
    session.save()
    assert store(session.session_key)["a"] == {"b": [1]}


def test_a_session_remembers_whether_it_was_used_and_changed(store):
    session = store()
    assert (session.accessed, session.modified) == (False, False)
    assert session.get("a") is None
    assert (session.accessed, session.modified) == (True, False)
    session["a"] = 1
    assert (session.accessed, session.modified) == (True, True)


@pytest.mark.parametrize(
    ("change", "is_change"),
    [
        (lambda session: session.pop("a"), True),
        (lambda session: session.pop("x", None), False),
        (lambda session: session.setdefault("a", 2), False),
        (lambda session: session.setdefault("x", 2), True),
        (lambda session: session.update({"b": 1}), True),
        (lambda session: session.__delitem__("a"), True),
        (lambda session: session.clear(), True),
        (lambda session: session.set("a", 1), True),
        (lambda session: session.set_test_cookie(), True),
        (lambda session: session.get("a"), False),
        (lambda session: "a" in session, False),
        (lambda session: list(session.items()), False),
    ],
)
def test_changes_are_noticed(change, is_change, store):
    session = store()
    session["a"] = 1
    session.modified = False
    change(session)
    assert session.modified is is_change


def test_a_session_reads_like_a_mapping(store):
    session = store()
    session.update({"a": 1, "b": 2})
    assert (list(session.keys()), list(session.values()), dict(session.items())) == (
        ["a", "b"],
        [1, 2],
        {"a": 1, "b": 2},
    )
    assert session.has_key("a")
    assert "x" not in session
    with pytest.raises(KeyError):
        _ = session["x"]
    with pytest.raises(KeyError):
        session.pop("x")


def test_the_test_cookie_shows_whether_cookies_work(store):
    session = store()
    assert not session.test_cookie_worked()
    session.set_test_cookie()
    assert session.test_cookie_worked()
    session.delete_test_cookie()
    assert not session.test_cookie_worked()


@pytest.mark.parametrize(
    ("key", "is_empty"),
    [
        (None, True),
        ("", True),
        ("short", True),
        ("longenough\0", True),  # PostgreSQL takes no NUL: it would fail, and not miss
        ("longenough\n", True),
        ("langgen\u00fcgend", True),
        ("longenough", False),
    ],
)
def test_a_key_that_nobody_made_for_a_session_is_none(key, is_empty, store):
    assert store(key).is_empty() is is_empty
    assert (store(key).session_key is None) is is_empty


def test_ending_a_session_leaves_nothing(store):
    session = store()
    session["a"] = 1
    session.save()
    key = session.session_key
    session.flush()
    assert (session.session_key, session.is_empty(), session.modified, session.accessed) == (
        None,
        True,
        True,
        True,
    )
    assert not session.exists(key)


@pytest.mark.parametrize("kind", KEEPING)
def test_another_key_keeps_the_values_and_forgets_the_old(kind):
    session = kind()
    session["a"] = 1
    session.save()
    old = session.session_key
    session.cycle_key()
    session.save()
    assert session.session_key != old
    assert kind(session.session_key)["a"] == 1
    assert not session.exists(old)


@pytest.mark.parametrize("kind", KEEPING)
def test_a_key_that_nobody_made_is_not_taken(kind):
    session = kind("planted0planted0planted0planted0")
    assert session.get("a") is None
    assert session.session_key is None
    session["a"] = 1
    session.save()
    assert session.session_key != "planted0planted0planted0planted0"


@pytest.mark.parametrize("kind", KEEPING)
def test_a_session_that_was_deleted_meanwhile_is_not_saved(kind):
    session = kind()
    session["a"] = 1
    session.save()
    kind(session.session_key).delete()
    session["a"] = 2
    with pytest.raises(UpdateError):
        session.save()
    assert not session.exists(session.session_key)


@pytest.mark.parametrize("kind", KEEPING)
def test_a_session_is_created_once(kind):
    session = kind()
    session.create()
    with pytest.raises(CreateError):
        kind(session.session_key).save(must_create=True)


@pytest.mark.parametrize("kind", KEEPING)
def test_a_first_key_that_is_taken_is_passed_over(kind, monkeypatch):
    taken = kind()
    taken.create()
    keys = iter([taken.session_key, "another0another0another0another0"])
    monkeypatch.setattr(kind, "exists", lambda self, key: False)
    monkeypatch.setattr(kind, "_get_new_session_key", lambda self: next(keys))
    session = kind()
    session.create()
    assert session.session_key == "another0another0another0another0"


def test_deleting_what_is_not_there_is_nothing(store):
    session = store("longenough0longenough")
    session.delete("nowhere0nowhere0")
    store().delete()
    assert not session.exists("nowhere0nowhere0")


# -- when it ends ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expiry", "age", "with_browser"),
    [
        pytest.param(None, 1209600, False, id="settings"),
        pytest.param(1000, 1000, False, id="seconds"),
        pytest.param(0, 1209600, True, id="browser"),
        pytest.param(dt.timedelta(seconds=100), 100, False, id="timedelta"),
    ],
)
def test_a_session_ends_when_told(expiry, age, with_browser, store):
    session = store()
    session.set_expiry(5)
    session.set_expiry(expiry)
    assert age - 60 <= session.get_expiry_age() <= age
    assert session.get_expire_at_browser_close() is with_browser
    assert abs((session.get_expiry_date() - dt.datetime.now(dt.UTC)).total_seconds() - age) < 60


def test_a_moment_of_ending_survives_saving(store):
    moment = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    session = store()
    session.set_expiry(moment)
    session.save()
    again = store(session.session_key)
    assert again.get_expiry_date() == moment
    assert again.get_expiry_age(modification=moment - dt.timedelta(days=2, seconds=5)) == 2 * 86400 + 5


@pytest.mark.parametrize("closes", [True, False])
def test_without_a_wish_the_settings_say_whether_it_ends_with_the_browser(closes, store, override):
    override(SESSION_EXPIRE_AT_BROWSER_CLOSE=closes)
    assert store().get_expire_at_browser_close() is closes


def test_files_end_with_their_time(place, override):
    override(SESSION_COOKIE_AGE=100)
    session = Files()
    session["a"] = 1
    session.save()
    path = place / f"sessionid{session.session_key}"
    assert Files(session.session_key).get("a") == 1
    os.utime(path, (time.time() - 200,) * 2)
    old = Files(session.session_key)
    assert old.get("a") is None
    assert not path.exists()
    assert old.session_key != session.session_key


def test_expired_files_are_cleared(place):
    fresh, old = Files(), Files()
    fresh.save()
    old.set_expiry(10)
    old.save()
    os.utime(place / f"sessionid{old.session_key}", (time.time() - 60,) * 2)
    asyncio.run(Files.aclear_expired())
    assert fresh.exists(fresh.session_key)
    assert [path.name for path in place.iterdir()] == [f"sessionid{fresh.session_key}"]
    Cookies.clear_expired()
    Caches.clear_expired()


def test_cookies_end_with_their_time(monkeypatch, override):
    override(SESSION_COOKIE_AGE=100)
    session = Cookies()
    session["a"] = 1
    session.save()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 200)
    assert Cookies(session.session_key).get("a") is None


# -- what strangers send ---------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["../../../etc/passwd", "UPPERCASE0", "with space"])
def test_a_key_that_would_leave_the_folder_is_refused_and_logged(key, caplog):
    with pytest.raises(InvalidSessionKey, match="expected lower-case"):
        Files()._key_to_file(key)
    with caplog.at_level(logging.WARNING, "penstock.web.security.InvalidSessionKey"):
        assert Files(key).get("a") is None
    assert "session key" in caplog.text


def test_a_cookie_that_was_changed_is_no_session():
    session = Cookies()
    session["a"] = 1
    session.save()
    changed = Cookies(session.session_key[:-2] + "xx")
    assert changed.get("a") is None
    assert changed.modified


@pytest.mark.parametrize(
    ("contents", "is_logged"),
    [("", False), ("x:y:z", True), ("not ours", True)],
    ids=["empty", "unsigned", "foreign"],
)
def test_a_file_that_we_did_not_write_is_an_empty_session(contents, is_logged, place, caplog):
    session = Files()
    session.create()
    (place / f"sessionid{session.session_key}").write_text(contents)
    with caplog.at_level(logging.WARNING, "penstock.web.security.SuspiciousSession"):
        assert dict(Files(session.session_key).items()) == {}
    assert ("signature" in caplog.text) is is_logged


def test_a_file_that_cannot_be_written_leaves_nothing_behind(place):
    session = Files()
    session.create()
    session["a"] = object()
    with pytest.raises(TypeError):
        session.save()
    assert [path.name for path in place.iterdir()] == [f"sessionid{session.session_key}"]


def test_a_folder_that_is_not_there_is_refused(override):
    override(SESSION_FILE_PATH="/nowhere/at/all")
    with pytest.raises(ImproperlyConfigured, match="SESSION_FILE_PATH"):
        Files()


def test_a_cache_that_keeps_nothing_is_refused(override, monkeypatch):
    override(CACHES={"default": {"BACKEND": "penstock.web.core.cache.backends.dummy.DummyCache"}})
    monkeypatch.setattr("penstock.web.contrib.sessions.backends.cache._MAX_TRIES", 3)
    monkeypatch.setattr(
        "penstock.web.core.cache.backends.dummy.DummyCache.add", lambda self, *args, **kwargs: False
    )
    with pytest.raises(RuntimeError, match="keeps none"):
        Caches().create()


def test_a_cache_that_refuses_a_key_has_no_session(monkeypatch):
    def refuse(self, *args, **kwargs):
        raise ValueError("odd key")

    monkeypatch.setattr("penstock.web.core.cache.backends.locmem.LocMemCache.get", refuse)
    assert Caches("odd0odd0odd0").get("a") is None


# -- Django's ----------------------------------------------------------------------------------


@pytest.fixture
def same_settings(place, monkeypatch):
    monkeypatch.delattr(DjangoFiles, "_storage_path", raising=False)  # Django remembers it for good
    with override_settings(SESSION_FILE_PATH=str(place), SECRET_KEY="secret of the tests", USE_TZ=True):
        yield


@pytest.mark.usefixtures("same_settings")
@pytest.mark.parametrize(
    ("ours", "theirs"), [(Cookies, DjangoCookies), (Files, DjangoFiles)], ids=["cookies", "files"]
)
@pytest.mark.parametrize("expiry", [None, 50, 0])
def test_sessions_are_read_across_frameworks(ours, theirs, expiry):
    for writer, reader in ((ours, theirs), (theirs, ours)):
        session = writer()
        session["user"] = {"id": 5, "name": "é"}
        if expiry is not None:
            session.set_expiry(expiry)
        session.save()
        read = reader(session.session_key)
        assert read["user"] == {"id": 5, "name": "é"}
        assert read.get_expire_at_browser_close() == (expiry == 0)


# -- the base, and coroutines ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exists", "create", "save", "delete", "load", "clear_expired"])
def test_a_store_that_lacks_a_method_says_so(name):
    session = SessionBase()
    with pytest.raises(NotImplementedError, match=f"has no {name}"):
        getattr(session, name)(*(["key"] if name == "exists" else []))


def test_coroutines_do_the_same(store):
    async def use():
        session = store()
        await session.aset("a", 1)
        assert await session.aget("a") == 1
        await session.aupdate({"b": 2})
        assert await session.ahas_key("b")
        assert await session.apop("b") == 2
        assert await session.asetdefault("c", 3) == 3
        assert list(await session.akeys()) == ["a", "c"]
        await session.aset_expiry(50)
        assert await session.aget_expiry_age() == 50
        await session.asave()
        assert await store(session.session_key).aget("a") == 1
        await session.acycle_key()
        await session.aflush()
        return session.is_empty()

    assert asyncio.run(use())


def test_a_key_that_is_taken_is_not_given_out(monkeypatch):
    keys = iter(["taken0taken0", "free0free0"])
    monkeypatch.setattr(
        "penstock.web.contrib.sessions.backends.base.get_random_string", lambda *_: next(keys)
    )
    monkeypatch.setattr(Files, "exists", lambda self, key: key == "taken0taken0")
    assert Files()._get_new_session_key() == "free0free0"


def test_a_file_that_cannot_be_decoded_is_an_empty_session(place):
    session = Files()
    session.create()
    signed = signing.dumps("x" * 50, salt=session.key_salt, serializer=Raw)
    (place / f"sessionid{session.session_key}").write_text(signed)
    assert dict(Files(session.session_key).items()) == {}


class Raw:
    """Signs what is no JSON."""

    def dumps(self, value):
        return b"\xff not json"


def test_a_session_without_a_key_gets_one_when_it_must_be_named():
    session = Caches()
    assert session.cache_key == f"django.contrib.sessions.cache{session.session_key}"
    assert len(session.session_key) == 32


def test_expired_rows_are_no_sessions_and_are_cleared():
    for seconds in (100, -100):
        session = Rows()
        session.set_expiry(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds))
        session["a"] = seconds
        session.save()
    ended = session.session_key
    assert "a" not in Rows(ended)
    assert Rows().exists(ended)
    Rows.clear_expired()
    assert not Rows().exists(ended)
    assert len(db.session().query(Session).all()) == 1


def test_session_is_not_saved_over_changes_that_a_view_left_uncommitted():
    session = Rows()
    session["a"] = 1
    db.session().add(Session(session_key="x" * 32, session_data="", expire_date=dt.datetime.now(dt.UTC)))
    with pytest.raises(db.transaction.TransactionManagementError, match="not committed"):
        session.save()


def test_session_saved_within_a_block_is_taken_back_with_it():
    session = Rows()
    session["a"] = 1
    with db.transaction.atomic():
        session.save()
        db.transaction.set_rollback(True)
    assert not Rows().exists(session.session_key)


def test_row_is_one_that_django_reads():
    session = Rows()
    session["a"] = {"b": 1}
    session.save()
    data = db.session().get(Session, session.session_key).session_data
    assert type("SessionStore", (DjangoBase,), {})().decode(data) == {"a": {"b": 1}}


@pytest.mark.parametrize("kind", [Rows, CachedRows], ids=["db", "cached_db"])
def test_session_in_a_database_answers_for_its_model(kind):
    assert kind.get_model_class() is Session
