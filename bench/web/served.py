"""The measured site, for servers: `bench.web.served:django` and `bench.web.served:penstock_web`.

A process makes the one that it is asked for, so that no server pays for the other framework's modules.
"""

from collections.abc import Callable
from typing import Any, Final

from bench.web.sites import FIVE, make_site

FRAMEWORKS: Final = {"django": "Django", "penstock_web": "penstock.web"}


def __getattr__(name: str) -> Callable[..., Any]:
    if name not in FRAMEWORKS:
        raise AttributeError(name)
    application = make_site(FRAMEWORKS[name], routes=51, middlewares=FIVE).application
    globals()[name] = application
    return application
