"""The packages of INSTALLED_APPS: where templates lie, and what wants to run at boot.

In:     dotted names.
Out:    `apps`, the installed ones; `AppConfig`, what each says about itself.
Never:  looks for models: there are none.
"""

from penstock.web.apps.config import AppConfig
from penstock.web.apps.registry import apps

__all__ = ["AppConfig", "apps"]
