"""What tests listen to, and what changed settings make anew.

In:     `setting_changed`.
Out:    `template_rendered` (template, context), sent by template backends.
Never:  imports a part of the framework that is not in use: what was never made need not be made anew.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from penstock.web.core.signals import setting_changed
from penstock.web.dispatch import Signal

__all__ = ["setting_changed", "template_rendered"]

template_rendered: Final = Signal()


def _loaded(module: str) -> Any:
    return sys.modules.get(f"penstock.web.{module}")


def _routes_anew(**_named: object) -> None:
    urls = _loaded("urls")
    if urls:
        urls.clear_url_caches()
        urls.set_urlconf(None)


def _caches_anew(**_named: object) -> None:
    cache = _loaded("core.cache")
    if cache:
        cache.close_caches()
        cache.caches.reset()


def _engines_anew(**_named: object) -> None:
    template = _loaded("template")
    if template:
        template.engines.reset()


def _time_zone_anew(*, value: str | None, **_named: object) -> None:
    if value:
        os.environ["TZ"] = value
    else:
        os.environ.pop("TZ", None)
    time.tzset()
    timezone = _loaded("utils.timezone")
    if timezone and hasattr(timezone.get_default_timezone, "cache_clear"):
        timezone.get_default_timezone.cache_clear()


_ANEW: Final[dict[str, Callable[..., None]]] = {
    "ROOT_URLCONF": _routes_anew,
    "APPEND_SLASH": _routes_anew,
    "CACHES": _caches_anew,
    "TEMPLATES": _engines_anew,
    "DEBUG": _engines_anew,
    "INSTALLED_APPS": _engines_anew,
    "TIME_ZONE": _time_zone_anew,
}


def _make_anew(*, setting: str, **named: Any) -> None:
    if setting in _ANEW:
        _ANEW[setting](**named)


setting_changed.connect(_make_anew)
