"""apps/registry.py and apps/config.py."""

import json
import sys

import pytest

from penstock.web.apps import AppConfig
from penstock.web.apps.registry import Apps
from penstock.web.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

FIRST = "class A(AppConfig):\n  name = 'many_app'\n  label = 'a'\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write a package with this `apps` module."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def write(name, apps_module=None):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        if apps_module is not None:
            (folder / "apps.py").write_text("from penstock.web.apps import AppConfig\n" + apps_module)
        made.append(name)
        return name

    yield write
    for name in [loaded for loaded in sys.modules if loaded.partition(".")[0] in made]:
        del sys.modules[name]


def test_a_plain_package_is_an_app(package, tmp_path):
    (config,) = Apps([package("plain_app")]).get_app_configs()
    assert (config.name, config.label, config.verbose_name) == ("plain_app", "plain_app", "Plain_App")
    assert config.path == str(tmp_path / "plain_app")
    assert repr(config) == "<AppConfig: plain_app>"


def test_the_only_config_of_a_package_is_taken_and_made_ready(package):
    body = "  name = 'shop_app'\n  label = 'shop'\n  def ready(self): self.is_ready = 1\n"
    name = package("shop_app", f"class Shop(AppConfig):\n{body}")
    apps = Apps([name])
    assert apps.get_app_config("shop").is_ready
    assert apps.is_installed("shop_app")
    assert not apps.is_installed("shop")
    assert apps.ready


def test_a_config_may_be_named_itself(package):
    name = package("named_app", "class A(AppConfig):\n  name = 'named_app'\nclass B(A):\n  label = 'b'\n")
    assert list(Apps([f"{name}.apps.B"]).app_configs) == ["b"]
    assert list(Apps([AppConfig("json", json)]).app_configs) == ["json"]


@pytest.mark.parametrize(
    ("classes", "label"),
    [
        (
            f"{FIRST}class B(A):\n  label = 'b'\n  default = True\n",
            "b",
        ),
        (
            f"{FIRST}class B(A):\n  label = 'b'\n  default = False\n",
            "a",
        ),
        (f"{FIRST}class B(A):\n  label = 'b'\n", "many_app"),
    ],
    ids=["the-default", "the-other", "neither"],
)
def test_of_several_configs_the_default_is_taken(classes, label, package):
    assert list(Apps([package("many_app", classes)]).app_configs) == [label]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (
            "class A(AppConfig):\n  name = 'odd_app'\n  default = True\nclass B(A):\n  default = True\n",
            "several default",
        ),
        ("class A(AppConfig):\n  label = 'x'\n", "has no name"),
        (
            "class A(AppConfig):\n  name = 'odd_app'\n  label = 'not an identifier'\n",
            "expected an identifier",
        ),
    ],
)
def test_a_config_that_cannot_be_is_refused(classes, message, package):
    with pytest.raises(ImproperlyConfigured, match=message):
        Apps([package("odd_app", classes)])


@pytest.mark.parametrize(
    ("entry", "error", "message"),
    [
        ("nowhere", ImportError, "nowhere"),
        ("json.decoder.JSONDecoder", ImproperlyConfigured, "expected a package or an AppConfig"),
        ("json.Nothing", ImportError, "Nothing"),
    ],
)
def test_an_entry_that_is_no_app_is_refused(entry, error, message):
    with pytest.raises(error, match=message):
        Apps([entry])


def test_a_package_that_cannot_import_says_what_it_lacks(package, tmp_path):
    name = package("broken_app")
    (tmp_path / name / "__init__.py").write_text("import surely_not_there")
    with pytest.raises(ModuleNotFoundError, match="surely_not_there"):
        Apps([name])


def test_two_apps_of_one_label_or_name_are_refused(package):
    name = package("twice_app")
    with pytest.raises(ImproperlyConfigured, match="label 'twice_app' stands twice"):
        Apps([name, name])


def test_before_boot_there_is_no_answer_and_after_it_no_change(package):
    apps = Apps(None)
    with pytest.raises(AppRegistryNotReady, match="setup"):
        apps.get_app_configs()
    apps.populate([])
    apps.populate([package("late_app")])
    assert list(apps.get_app_configs()) == []
    with pytest.raises(LookupError, match="'late_app'"):
        apps.get_app_config("late_app")
