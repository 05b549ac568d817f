import sys
from types import SimpleNamespace

from penstock.web.urls.language import get_language


def test_language_is_none_as_long_as_nobody_translates(monkeypatch):
    monkeypatch.delitem(sys.modules, "penstock.web.utils.translation", raising=False)
    assert get_language() is None
    assert "penstock.web.utils.translation" not in sys.modules


def test_language_is_the_active_one(monkeypatch):
    translation = SimpleNamespace(get_language=lambda: "de")
    monkeypatch.setitem(sys.modules, "penstock.web.utils.translation", translation)
    assert get_language() == "de"
