"""Settings: one object for the whole process.

In:     a settings module (PENSTOCK_SETTINGS_MODULE), or `settings.configure()`.
Out:    `settings`.
Never:  loads anything before the first read.
"""

from penstock.web.conf import global_settings
from penstock.web.conf.holder import ENVIRONMENT_VARIABLE, LazySettings, settings
from penstock.web.conf.layer import Settings, UserSettingsHolder
from penstock.web.core.signals import setting_changed

DEFAULT_STORAGE_ALIAS = "default"
STATICFILES_STORAGE_ALIAS = "staticfiles"

__all__ = [
    "DEFAULT_STORAGE_ALIAS",
    "ENVIRONMENT_VARIABLE",
    "STATICFILES_STORAGE_ALIAS",
    "LazySettings",
    "Settings",
    "UserSettingsHolder",
    "global_settings",
    "settings",
]


def _forget(**_named: object) -> None:
    """Let whoever overrides a setting in place be seen at once."""
    settings.forget()


setting_changed.connect(_forget)
