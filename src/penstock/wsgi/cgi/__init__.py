"""CGI (RFC 3875), both ways: a folder of scripts as a WSGI application, and a WSGI application as a script.

penstock cgi FOLDER                   serves the scripts of a folder
CGIDirectory(folder)                  the same as an application, to mount anywhere
run(application)                      answers one request as a CGI script
"""

from typing import Any

from penstock.config import CGIConfig
from penstock.wsgi.cgi.directory import CGIDirectory
from penstock.wsgi.cgi.error import CGIError, ScriptFailedError, ScriptRefusedError
from penstock.wsgi.cgi.runner import run

__all__ = ["CGIDirectory", "CGIError", "ScriptFailedError", "ScriptRefusedError", "make_application", "run"]


def make_application(folder: str, **options: Any) -> CGIDirectory:
    """Return the scripts of `folder` as an application: a target that can be written in one word.

    Args:
        folder: where they are.
        options: fields of CGIConfig.
    """
    return CGIDirectory(folder, CGIConfig(**options))
