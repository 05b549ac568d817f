import subprocess
import sys

import pytest

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.template import engines
from penstock.web.template.backends.jinja2 import Jinja2
from penstock.web.template.engine import EngineHandler, InvalidTemplateEngineError

JINJA2 = "penstock.web.template.backends.jinja2.Jinja2"


def test_engine_is_called_after_its_module_unless_it_has_a_name():
    handler = EngineHandler([{"BACKEND": JINJA2}, {"BACKEND": JINJA2, "NAME": "other"}])
    assert list(handler) == ["jinja2", "other"]
    assert isinstance(handler["other"], Jinja2)
    assert [engine.name for engine in handler.all()] == ["jinja2", "other"]


def test_engine_without_jinja2_says_what_to_install(monkeypatch):
    for module in ("jinja2", "penstock.web.template.backends.jinja2"):
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "jinja2", None)  # as if it were not installed
    with pytest.raises(ImproperlyConfigured, match=r"needs Jinja2, .*: pip install 'penstock\[web\]'"):
        _ = EngineHandler([{"BACKEND": JINJA2}])["jinja2"]


def test_engine_of_another_package_that_is_missing_says_so():
    with pytest.raises(ImportError, match="nowhere"):
        _ = EngineHandler([{"BACKEND": "nowhere.Engine"}])["nowhere"]


def test_engine_is_made_once():
    handler = EngineHandler([{"BACKEND": JINJA2}])
    assert handler["jinja2"] is handler["jinja2"]


@pytest.mark.parametrize(
    ("entries", "error", "message"),
    [
        pytest.param(
            [{"BACKEND": JINJA2}] * 2, ImproperlyConfigured, "aren't unique, duplicates: jinja2", id="twice"
        ),
        pytest.param(
            [{}], ImproperlyConfigured, "Invalid BACKEND for a template engine: <not defined>", id="none"
        ),
        pytest.param([{"BACKEND": "x"}], ImproperlyConfigured, "expected a dotted path", id="no-path"),
        pytest.param(
            [{"BACKEND": JINJA2, "DIR": []}], ImproperlyConfigured, "Unknown parameters: DIR", id="unknown"
        ),
        pytest.param([], InvalidTemplateEngineError, "Could not find config for 'jinja2'", id="absent"),
    ],
)
def test_entry_that_is_wrong_is_named(entries, error, message):
    with pytest.raises(error, match=message):
        _ = EngineHandler(entries)["jinja2"]


def test_changed_templates_mean_new_engines(override):
    override(TEMPLATES=[{"BACKEND": JINJA2}])
    before, generation = engines["jinja2"], engines.generation
    override(APPEND_SLASH=False)
    assert engines["jinja2"] is before
    override(TEMPLATES=[{"BACKEND": JINJA2, "NAME": "new"}])
    assert list(engines) == ["new"]
    assert engines.generation > generation


def test_framework_runs_without_jinja2():
    program = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from penstock.web.conf import settings\n"
        "settings.configure(SECRET_KEY='x' * 50, ROOT_URLCONF='none', LOGGING_CONFIG=None)\n"
        "import penstock.web.shortcuts, penstock.web.views.defaults, penstock.web.views.generic\n"
        "from penstock.web.http import HttpRequest, Http404\n"
        "request = HttpRequest(); request.path = '/'\n"
        "print(penstock.web.views.defaults.page_not_found(request, Http404()).status_code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("404\n", 0), done.stderr
