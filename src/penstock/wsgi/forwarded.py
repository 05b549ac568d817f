"""What proxies say about the client, believed only from peers the operator named.

A client may send any of these fields itself.  Whoever believes them from
everybody lets a client choose its own address, scheme and host.  So what an
untrusted peer sends is removed, and no application can believe it by mistake.

Both families, `Forwarded` and `X-Forwarded-*`, are lists to which each proxy
appends.  They are read from the right, the end that our own peer wrote, for as
long as the writer is trusted: the client is the right-most hop that is not.
What stands further left is that client's own story.

In:     an environ with the fields as received; who is trusted.
Out:    the environ with REMOTE_ADDR, wsgi.url_scheme, HTTP_HOST ... of the client, or without the fields.
Never:  refuses a request: what cannot be read says nothing.

Rules:  RFC 7239 sections 4 to 7; X-Forwarded-For/Proto/Host/Port/Prefix and X-Real-IP as proxies use them.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from penstock.wsgi.trust import FORWARDING_KEYS, TrustedProxies

# Request ids go to logs and into other systems' headers: no surprise in them (the design's own rule).
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_PREFIX: Final = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,255}")
_DIGITS: Final = re.compile(r"[0-9]{1,5}")
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_MAX_PORT: Final = 65535

# RFC 7239 section 4: forwarded-pair = token "=" ( token / quoted-string ), with ";" between two.
# Values are laxer than a token: proxies send unquoted `host=example.org:8080`; what is used is checked again.
_PAIR: Final = re.compile(
    r"""([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\x00-\x20",;=\\]*))""", re.ASCII
)
_ELEMENT: Final = re.compile(rf"{_PAIR.pattern}(?:[ \t]*;[ \t]*{_PAIR.pattern})*", re.ASCII)
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
# A quoted value may hold commas, a host name with one is odd already; the bound keeps reading linear.
_MAX_QUOTED_COMMAS: Final = 8

_FAMILY: Final = frozenset(FORWARDING_KEYS.values()) - {"HTTP_FORWARDED"}


class ClientView(NamedTuple):
    """The request as the client made it; empty = not said."""

    address: str = ""
    port: str = ""
    scheme: str = ""
    host: str = ""
    server_port: str = ""
    prefix: str = ""


def apply_forwarding(environ: dict[str, Any], trusted: TrustedProxies | None) -> None:
    """Make the environ tell of the client, or remove every forwarding field if the peer is not believed.

    Args:
        environ: with the fields of the request and the connection's own keys; changed.
        trusted: None when the peer itself is not trusted.
    """
    if trusted is None:
        _remove_all(environ)
        return
    for key in trusted.unbelieved:
        environ.pop(key, None)
    view = _client_view(environ, trusted)
    if view.address:
        environ["REMOTE_ADDR"] = view.address
        environ["REMOTE_PORT"] = view.port
    if view.prefix:
        environ["SCRIPT_NAME"] = view.prefix
    if view.scheme or view.host or view.server_port:
        _apply_authority(environ, view)


def _remove_all(environ: dict[str, Any]) -> None:
    for key in [key for key in environ if key.startswith("HTTP_X_FORWARDED_")]:
        del environ[key]
    for key in ("HTTP_FORWARDED", "HTTP_X_REAL_IP"):
        environ.pop(key, None)


def believed_request_id(environ: dict[str, Any], made_id: str) -> str:
    """Return the request id that a trusted proxy sent if it is fit for a log, else the one we made.

    Args:
        environ: of a request whose peer is trusted; from anyone else X-Request-ID is a field like any other.
        made_id: ours.
    """
    request_id: str = environ.get("HTTP_X_REQUEST_ID", "")
    return request_id if _REQUEST_ID.fullmatch(request_id) else made_id


def _client_view(environ: dict[str, Any], trusted: TrustedProxies) -> ClientView:
    """Read one family.

    X-Forwarded-* wins where both are present: proxies that set it (nginx, most balancers) pass a client's own
    `Forwarded` along untouched, those that set Forwarded (HAProxy, when told) are told to delete the other.
    """
    value = environ.get("HTTP_FORWARDED")
    if value is None:
        return _x_forwarded_view(environ, trusted)
    if not _FAMILY.isdisjoint(environ):
        del environ["HTTP_FORWARDED"]
        return _x_forwarded_view(environ, trusted)
    return _forwarded_view(forwarded_elements(value), trusted)


# Forwarded


def forwarded_elements(value: str) -> Iterator[dict[str, str]]:
    """Give the elements of a Forwarded field from right to left, up to the first that is malformed.

    From the right, because each proxy appends to what it was sent: read from the left, a client's own
    unclosed quote would swallow what the proxy says, and the client would pass for the proxy.

    Parameter names are in lower case, values unquoted (RFC 7239 section 4).
    """
    end = len(value)
    while end >= 0:
        start, element = _last_element(value, end)
        if not element:
            return
        yield element
        end = start - 1


def _last_element(value: str, end: int) -> tuple[int, dict[str, str]]:
    """Return the element that ends at `end` and where it starts; an empty one if there is none."""
    start = end
    for _ in range(_MAX_QUOTED_COMMAS):
        start = value.rfind(",", 0, start) + 1
        text = value[start:end].strip(" \t")
        if _ELEMENT.fullmatch(text):
            return start, _parameters(text)
        if start == 0:
            break
        start -= 1
    return 0, {}


def _parameters(element: str) -> dict[str, str]:
    """Return the parameters of an element, none if one comes twice ("MUST NOT occur more than once")."""
    parameters: dict[str, str] = {}
    for name, quoted, plain in _PAIR.findall(element):
        if name.lower() in parameters:
            return {}
        parameters[name.lower()] = _QUOTED_PAIR.sub(r"\1", quoted) or plain
    return parameters


def _forwarded_view(elements: Iterable[dict[str, str]], trusted: TrustedProxies) -> ClientView:
    """Walk from the peer towards the client; what a proxy nearer to the client says is more to the point."""
    client = ("", "")
    scheme = host = ""
    for element in elements:
        scheme = _scheme(element.get("proto", "")) or scheme
        host = _host(element.get("host", "")) or host
        address, port, is_trusted = _node(element.get("for", ""), trusted)
        if not address:  # `unknown`, `_hidden` or nothing: who is behind it cannot be told
            break
        client = (address, port)
        if not is_trusted:
            break
    return ClientView(*client, scheme, host)


# X-Forwarded-*


def _x_forwarded_view(environ: dict[str, Any], trusted: TrustedProxies) -> ClientView:
    get = environ.get
    hops = get("HTTP_X_FORWARDED_FOR")
    if hops is None:
        address, port, depth = trusted.hop(get("HTTP_X_REAL_IP", ""))[0], "", 1
    else:
        address, port, depth = _client_hop(hops, trusted)
    scheme, host = get("HTTP_X_FORWARDED_PROTO"), get("HTTP_X_FORWARDED_HOST")
    server_port, prefix = get("HTTP_X_FORWARDED_PORT"), get("HTTP_X_FORWARDED_PREFIX")
    return ClientView(
        address,
        port,
        _scheme(_pick(scheme, depth)) if scheme else "",
        _host(_pick(host, depth)) if host else "",
        _port(_pick(server_port, depth)) if server_port else "",
        _prefix(_pick(prefix, depth)) if prefix else "",
    )


def _client_hop(hops: str, trusted: TrustedProxies) -> tuple[str, str, int]:
    """Return (address, port, depth); depth 1 = the client is what our peer saw."""
    client = ("", "")
    depth = 0
    for hop in reversed(hops.split(",")):
        address, port, is_trusted = _node(hop.strip(" \t"), trusted)
        if not address:
            break
        client = (address, port)
        depth += 1
        if not is_trusted:
            break
    return *client, depth or 1


def _pick(value: str, depth: int) -> str:
    """Return the element that describes the client's hop.

    A list that every proxy appended to is as long as the hops; one that a proxy overwrote is shorter, and its
    left-most element comes from that proxy.  Neither way leads beyond what trusted peers wrote.
    """
    if "," not in value:
        return value
    elements = value.split(",")
    return elements[max(len(elements) - depth, 0)].strip(" \t")


# One value each; empty = cannot be used


def _node(node: str, trusted: TrustedProxies) -> tuple[str, str, bool]:
    """Return (address, port, whether trusted); an empty address = unknown, hidden or malformed.

    RFC 7239 section 6 wants brackets around every IPv6 address; X-Forwarded-For has them with a port only.
    """
    colons = node.count(":")
    if node.startswith("["):
        text, bracket, port = node[1:].partition("]")
        if not bracket or (port and port[0] != ":"):
            return "", "", False
        port = port[1:]
    elif colons == 1:
        text, _, port = node.partition(":")
    else:
        text, port = node, ""
    address, is_trusted = trusted.hop(text)
    return address, port and _port(port), is_trusted


def _scheme(value: str) -> str:
    value = value.lower()  # RFC 3986 section 3.1
    return value if value in _DEFAULT_PORTS else ""


def _host(value: str) -> str:
    found = _HOST.fullmatch(value)
    return value if found and (found[1] is None or _port(found[1])) else ""


def _port(value: str) -> str:
    """Return the port unless it is obfuscated (`_hidden`) or no port."""
    if not _DIGITS.fullmatch(value):
        return ""
    number = int(value)
    return str(number) if 0 < number <= _MAX_PORT else ""


def _prefix(value: str) -> str:
    """Return SCRIPT_NAME: decoded like PATH_INFO, without the slash at its end."""
    if not _PREFIX.fullmatch(value):
        return ""
    prefix = unquote(value, "latin-1").rstrip("/")
    # `//evil.example` at the head of a link is another host, and browsers take a backslash for a slash.
    return "" if prefix[1:2] in ("/", "\\") else prefix


def _apply_authority(environ: dict[str, Any], view: ClientView) -> None:
    """Set scheme, host and port so that URLs the application builds lead back through the proxy."""
    scheme = view.scheme or environ["wsgi.url_scheme"]
    host = view.host or environ.get("HTTP_HOST", "")
    host_port = _explicit_port(host)
    port = host_port or view.server_port or _DEFAULT_PORTS[scheme]
    if view.server_port and host and not host_port and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    environ["wsgi.url_scheme"] = scheme
    environ["SERVER_PORT"] = port
    if host:
        environ["HTTP_HOST"] = host


def _explicit_port(host: str) -> str:
    """Return the port of a host that protocol/ or _host has checked; empty where it names none."""
    port = host.rpartition(":")[2] if ":" in host else ""
    return "" if port.endswith("]") else port
