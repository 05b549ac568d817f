"""What the tests of the framework share: settings, configured once and changed for one test at a time."""

import itertools
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from penstock.web.conf import UserSettingsHolder, settings
from penstock.web.core.signals import setting_changed
from penstock.web.urls import clear_url_caches, set_script_prefix, set_urlconf

# Many tests ask Django for the right answer: it is configured here, once, and nowhere else in this process.
# It fills in DATABASES later on: they must not be the ones of its defaults (conf/test_global_settings.py).
django_settings.configure(SECRET_KEY="secret of the tests", USE_I18N=False, LOGGING_CONFIG=None, DATABASES={})
settings.configure(SECRET_KEY="secret of the tests", ALLOWED_HOSTS=["testserver"], LOGGING_CONFIG=None)

# An address in memory would do for a name only as long as what stands there lives.
_numbers = itertools.count()


@pytest.fixture
def override() -> Iterator[Callable[..., None]]:
    """`override(DEBUG=True)` sets settings for the rest of the test."""
    before = settings._wrapped
    changed: list[str] = []

    def set_all(**values: Any) -> None:
        layer = UserSettingsHolder(settings._wrapped)
        for name, value in values.items():
            setattr(layer, name, value)
        settings._wrapped = layer
        changed.extend(values)
        _tell(list(values), enter=True)

    yield set_all
    settings._wrapped = before
    _tell(changed, enter=False)


def _tell(names: list[str], *, enter: bool) -> None:
    for name in names:
        value = getattr(settings, name, None)
        setting_changed.send(sender=type(settings), setting=name, value=value, enter=enter)


@pytest.fixture
def urlconf(override: Callable[..., None]) -> Iterator[Callable[..., types.ModuleType]]:
    """`urlconf(path(...), handler404=view)` is ROOT_URLCONF for the rest of the test."""
    made: list[str] = []

    def make(*patterns: Any, **attributes: Any) -> types.ModuleType:
        module: Any = types.ModuleType(f"urlconf_{next(_numbers)}")
        module.urlpatterns = list(patterns)
        vars(module).update(attributes)
        sys.modules[module.__name__] = module
        made.append(module.__name__)
        override(ROOT_URLCONF=module.__name__)
        clear_url_caches()
        return module  # type: ignore[no-any-return]  # Any, to take attributes

    yield make
    for name in made:
        del sys.modules[name]
    clear_url_caches()
    set_urlconf(None)
    set_script_prefix("/")
