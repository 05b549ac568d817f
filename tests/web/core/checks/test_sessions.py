"""core/checks/sessions.py."""

import pytest

from penstock.web.core.checks.sessions import check_sessions

CACHE = "penstock.web.contrib.sessions.backends.cache"
COOKIES = "penstock.web.contrib.sessions.backends.signed_cookies"
CACHES = "penstock.web.core.cache.backends"


@pytest.mark.parametrize("backend", [f"{CACHES}.locmem.LocMemCache", f"{CACHES}.dummy.DummyCache"])
def test_sessions_that_no_other_worker_sees_are_told(override, backend):
    override(SESSION_ENGINE=CACHE, SESSION_CACHE_ALIAS="own", CACHES={"own": {"BACKEND": backend}})
    (message,) = check_sessions()
    assert message.id == "sessions.W001"
    assert f"CACHES['own'], which is {backend!r}" in message.msg


@pytest.mark.parametrize(
    ("engine", "caches"),
    [
        pytest.param(
            CACHE, {"default": {"BACKEND": f"{CACHES}.filebased.FileBasedCache"}}, id="shared-cache"
        ),
        pytest.param(COOKIES, {"default": {"BACKEND": f"{CACHES}.locmem.LocMemCache"}}, id="cookies"),
        pytest.param(CACHE, {}, id="no-such-cache"),
    ],
)
def test_sessions_that_all_workers_see_are_fine(override, engine, caches):
    override(SESSION_ENGINE=engine, CACHES=caches)
    assert check_sessions() == []
