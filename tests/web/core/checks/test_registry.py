import pytest

from penstock.web.core import checks
from penstock.web.core.checks import registry


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_checks", {})


def found(*names):
    return lambda **_: [checks.Info(name) for name in names]


def messages(**given):
    return [message.msg for message in checks.run_checks(**given)]


def test_checks_run_in_the_order_in_which_they_were_registered():
    checks.register(found("one"))
    checks.register(found("two", "three"), "mine")
    assert messages() == ["one", "two", "three"]


def test_decorator_takes_tags():
    @checks.register("mine", checks.Tags.urls)
    def check(**_):
        return [checks.Info("one")]

    assert check.tags == ("mine", "urls")
    assert messages(tags=["mine"]) == ["one"]
    assert messages(tags=["other"]) == []


def test_decorator_without_arguments_registers_too():
    @checks.register()
    def check(**_):
        return [checks.Info("one")]

    assert messages() == ["one"]


def test_checks_for_deployment_run_when_asked_for():
    checks.register("safe", deploy=True)(found("one"))
    assert messages() == []
    assert messages(include_deployment_checks=True) == ["one"]
    assert not checks.tag_exists("safe")
    assert checks.tag_exists("safe", include_deployment_checks=True)


def test_check_is_called_with_what_is_asked():
    seen = []
    checks.register(lambda app_configs, databases: seen.append((app_configs, databases)) or [])
    checks.run_checks(app_configs="apps", databases="none")
    assert seen == [("apps", "none")]
