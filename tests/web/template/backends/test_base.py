from pathlib import Path
from types import SimpleNamespace

import pytest

from penstock.web.apps import apps
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.template.backends.base import BaseEngine


class Engine(BaseEngine):
    app_dirname = "pages"


def made(**given):
    return Engine({"NAME": "n", "DIRS": ["a", Path("b")], "APP_DIRS": False, **given})


def test_folders_of_the_engine_come_first(tmp_path, monkeypatch):
    (tmp_path / "pages").mkdir()
    installed = [SimpleNamespace(path=str(tmp_path)), SimpleNamespace(path=str(tmp_path / "without"))]
    monkeypatch.setattr(apps, "get_app_configs", lambda: installed)
    assert made(APP_DIRS=True).template_dirs == (Path("a"), Path("b"), tmp_path / "pages")
    assert made().template_dirs == (Path("a"), Path("b"))


def test_unknown_key_is_an_error():
    with pytest.raises(ImproperlyConfigured, match="Unknown parameters: OTHER"):
        made(OTHER=1)


@pytest.mark.parametrize("method", ["from_string", "get_template"])
def test_engine_must_offer_what_is_asked_of_it(method):
    with pytest.raises(NotImplementedError, match=f"Engine has no {method}"):
        getattr(made(), method)("x")
