"""What a script is told: meta-variables as its environment, a search as its command line.

A script sees nothing of the server's own environment, which may hold passwords.  Of the request it sees every
header field but those that are dangerous in an environment or that belong to the server:

    HTTP_PROXY             programs take it for the address of their proxy (httpoxy, CVE-2016-5385)
    HTTP_AUTHORIZATION     a password; passed on request
    HTTP_PROXY_AUTHORIZATION   a password, and not the script's

In:     the environ of the request, the script.
Out:    environment and arguments, as bytes.
Never:  reads the environment of the server, or runs a shell.

Rules:  RFC 3875 sections 4.1 (meta-variables), 4.4 (command line), 7.2 (their bytes), 9.2.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from penstock.wsgi.cgi.script import Script

# Where programs are: a script that begins with `#!/usr/bin/env python3` needs it.
DEFAULT_PATH: Final = b"/usr/local/bin:/usr/bin:/bin"

# Variables that an environ has under the names of section 4.1, and those beside them that scripts expect.
_PLAIN: Final = (
    "AUTH_TYPE",
    "CONTENT_TYPE",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "REMOTE_HOST",
    "REMOTE_IDENT",
    "REMOTE_PORT",
    "REMOTE_USER",
    "REQUEST_METHOD",
    "REQUEST_URI",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "SERVER_SOFTWARE",
)
_DANGEROUS: Final = frozenset({"HTTP_PROXY", "HTTP_PROXY_AUTHORIZATION"})
_AUTHORIZATION: Final = "HTTP_AUTHORIZATION"
_FIELD: Final = re.compile("HTTP_[A-Z0-9_]+")


def meta_variables(
    environ: Mapping[str, Any], script: Script, folder: Path, *, has_authorization: bool
) -> dict[bytes, bytes]:
    """Return the environment of a script.

    Args:
        environ: of the request; SCRIPT_NAME says where the folder is mounted.
        script: what is run.
        folder: where the scripts are: PATH_TRANSLATED lies below it.
        has_authorization: the Authorization field is passed.
    """
    variables = {b"PATH": DEFAULT_PATH, b"GATEWAY_INTERFACE": b"CGI/1.1"}
    for name in _PLAIN:
        if environ.get(name):
            variables[name.encode()] = as_bytes(environ[name])
    variables[b"QUERY_STRING"] = as_bytes(environ.get("QUERY_STRING", ""))  # 4.1.7: defined even if empty
    variables[b"SCRIPT_NAME"] = as_bytes(environ.get("SCRIPT_NAME", "")) + script.name
    variables[b"SCRIPT_FILENAME"] = os.fsencode(script.file)
    if script.path_info:  # 4.1.6: without it PATH_TRANSLATED is not defined
        variables[b"PATH_INFO"] = script.path_info
        variables[b"PATH_TRANSLATED"] = os.fsencode(folder) + script.path_info
    variables.setdefault(
        b"REMOTE_HOST", variables.get(b"REMOTE_ADDR", b"")
    )  # 4.1.9: the address may stand for it
    if environ.get("wsgi.url_scheme") == "https":
        variables[b"HTTPS"] = b"on"
    if length := body_bytes(environ):  # 4.1.2: set if and only if there is a body
        variables[b"CONTENT_LENGTH"] = str(length).encode()
    variables.update(_fields(environ, has_authorization=has_authorization))
    return {name: value for name, value in variables.items() if b"\0" not in value}


def body_bytes(environ: Mapping[str, Any]) -> int:
    """Return the length of the request's body; 0 where none was sent, or where it says no number."""
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if re.fullmatch("[0-9]{1,19}", length) else 0


def command_line(environ: Mapping[str, Any]) -> list[bytes]:
    """Return the words of an indexed query, the form of search before there were forms.

    Section 4.4: of GET and HEAD, where the query has no `=` that is not encoded.  A query with a word that
    begins with `-` gives none at all: such words have been taken for options by interpreters (CVE-2012-1823),
    and where a part of the command line cannot be made there is to be none.
    """
    query = environ.get("QUERY_STRING", "")
    if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"} or not query or "=" in query:
        return []
    words = [unquote_to_bytes(word.encode("latin-1")) for word in query.split("+")]
    if any(word.startswith(b"-") or b"\0" in word for word in words):
        return []
    return words


def _fields(environ: Mapping[str, Any], *, has_authorization: bool) -> Iterator[tuple[bytes, bytes]]:
    """4.1.18: HTTP_ and the field's name."""
    for name, value in environ.items():
        is_passed = name not in _DANGEROUS and (has_authorization or name != _AUTHORIZATION)
        if is_passed and _FIELD.fullmatch(name) and isinstance(value, str):
            yield name.encode(), as_bytes(value)


def as_bytes(text: str) -> bytes:
    """Return what a WSGI string stands for; a path of the file system keeps its bytes as well."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return os.fsencode(text)
