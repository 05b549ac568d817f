"""Where a request was sent: host, port, scheme, path, and URIs made of them.

In:     META, path and path_info of a request; settings on proxies and hosts.
Out:    a checked host, and absolute URIs that the checked host begins.
Never:  believes a Host field that ALLOWED_HOSTS does not allow, or a proxy that settings do not name.

Rules:  Django's HttpRequest; RFC 3986 section 5 for relative references.
"""

from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from penstock.web.conf import settings
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.http.host import check_host
from penstock.web.utils.encoding import escape_uri_path, iri_to_uri

_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


class RequestOrigin:
    """The part of a request that says where it was sent."""

    META: dict[str, Any]
    path: str
    path_info: str

    def get_host(self) -> str:
        """Return the host that the client asked for, with a port if it named one, letters as they came.

        Raises:
            DisallowedHost: ALLOWED_HOSTS does not allow it.
        """
        host: str = self._get_raw_host()
        check_host(host)
        return host

    def _get_raw_host(self) -> Any:
        """Return the host unchecked: a proxy's word if that counts, else Host, else the server's own name."""
        meta = self.META
        if settings.USE_X_FORWARDED_HOST and "HTTP_X_FORWARDED_HOST" in meta:
            return meta["HTTP_X_FORWARDED_HOST"]
        if "HTTP_HOST" in meta:
            return meta["HTTP_HOST"]
        port = self.get_port()
        host = meta["SERVER_NAME"]
        return host if port == _DEFAULT_PORTS[self.scheme or "http"] else f"{host}:{port}"

    def get_port(self) -> str:
        """Return the port: a proxy's word if that counts, else the server's."""
        if settings.USE_X_FORWARDED_PORT and "HTTP_X_FORWARDED_PORT" in self.META:
            return str(self.META["HTTP_X_FORWARDED_PORT"])
        return str(self.META["SERVER_PORT"])

    def _get_scheme(self) -> str:
        """Return the scheme as the server saw it."""
        return "http"

    @property
    def scheme(self) -> str | None:
        """The scheme of the client's connection: a proxy's word if that counts, else the server's.

        Raises:
            ImproperlyConfigured: SECURE_PROXY_SSL_HEADER is no pair.
        """
        trusted = settings.SECURE_PROXY_SSL_HEADER
        if trusted:
            try:
                variable, secure_value = trusted
            except ValueError:
                raise ImproperlyConfigured(
                    "The SECURE_PROXY_SSL_HEADER setting must be a tuple containing two values."
                ) from None
            said = self.META.get(variable)
            if said is not None:
                # Proxies append; the first is the one next to the client.
                return "https" if said.partition(",")[0].strip() == secure_value else "http"
        return self._get_scheme()

    def is_secure(self) -> bool:
        """Tell whether the client came by HTTPS."""
        return self.scheme == "https"

    @property
    def _current_scheme_host(self) -> str:
        return f"{self.scheme}://{self.get_host()}"

    def get_full_path(self, force_append_slash: bool = False) -> str:
        """Return path and query string, encoded for a URI."""
        return self._get_full_path(self.path, force_append_slash)

    def get_full_path_info(self, force_append_slash: bool = False) -> str:
        """Return the path below the script name, and the query string."""
        return self._get_full_path(self.path_info, force_append_slash)

    def _get_full_path(self, path: str, force_append_slash: bool) -> str:
        slash = "/" if force_append_slash and not path.endswith("/") else ""
        query = self.META.get("QUERY_STRING", "")
        return f"{escape_uri_path(path)}{slash}{'?' + iri_to_uri(query) if query else ''}"

    def build_absolute_uri(self, location: object = None) -> str:
        """Return an absolute URI.

        Args:
            location: an absolute one stays as it is; a relative one starts from this request; None is this
                request.

        Raises:
            DisallowedHost: the host is needed, and not allowed.
            ValueError: `location` is no URI.
        """
        # The two slashes keep a path that itself begins with two from being read as a host.
        target = f"//{self.get_full_path()}" if location is None else str(location)
        parts = urlsplit(target)
        if not (parts.scheme and parts.netloc):
            here = self._current_scheme_host
            if _is_plain_path(parts.scheme, parts.netloc, parts.path):
                target = here + target.removeprefix("//")
            else:
                target = urljoin(here + self.path, target)
        return str(iri_to_uri(target))


def _is_plain_path(scheme: str, host: str, path: str) -> bool:
    """Tell whether a reference is an absolute path that can be prefixed as it is."""
    return path.startswith("/") and not (scheme or host) and "/./" not in path and "/../" not in path
