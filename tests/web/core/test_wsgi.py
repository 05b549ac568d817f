"""core/wsgi.py."""

import sys

import pytest

from penstock.web.core.handlers.wsgi import WSGIHandler
from penstock.web.core.wsgi import get_wsgi_application
from penstock.web.urls import clear_url_caches


@pytest.fixture
def broken(override, tmp_path, monkeypatch):
    """ROOT_URLCONF names a module that cannot be imported."""
    (tmp_path / "broken_routes.py").write_text("import nothing_like_that\n")
    monkeypatch.syspath_prepend(tmp_path)
    override(ROOT_URLCONF="broken_routes", MIDDLEWARE=[])
    yield
    sys.modules.pop("broken_routes", None)
    clear_url_caches()


def test_routes_that_cannot_be_imported_stop_a_deployment(broken, override):
    override(DEBUG=False)
    with pytest.raises(ModuleNotFoundError, match="nothing_like_that"):
        get_wsgi_application()


def test_routes_that_cannot_be_imported_are_left_to_the_page_for_developers(broken, override):
    override(DEBUG=True)
    assert isinstance(get_wsgi_application(), WSGIHandler)


def test_routes_are_read_before_the_first_request(urlconf, override):
    module = urlconf()
    override(DEBUG=False, MIDDLEWARE=[])
    module.urlpatterns = NotRead()
    with pytest.raises(LookupError, match="routes are read"):
        get_wsgi_application()


class NotRead:
    """Routes that say when they are read."""

    def __iter__(self):
        raise LookupError("routes are read")
