"""CGI (RFC 3875), both ways: a folder of scripts as a WSGI application, and a WSGI application as a script.

    penstock cgi FOLDER                   serves the scripts of a folder
    CGIDirectory(folder)                  the same as an application, to mount anywhere
    run(application)                      answers one request as a CGI script

`run` is imported alone: whoever is a script pays for imports at each request.
"""

import importlib
from typing import TYPE_CHECKING, Any

from penstock.wsgi.cgi.runner import run

if TYPE_CHECKING:
    from penstock.wsgi.cgi.directory import CGIDirectory, make_application
    from penstock.wsgi.cgi.error import CGIError, ScriptFailedError, ScriptRefusedError

__all__ = ["CGIDirectory", "CGIError", "ScriptFailedError", "ScriptRefusedError", "make_application", "run"]

_HOMES = {
    "CGIDirectory": "directory",
    "CGIError": "error",
    "ScriptFailedError": "error",
    "ScriptRefusedError": "error",
    "make_application": "directory",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
