"""Responses of every kind, alone and through the stock middleware that looks at them."""

from collections.abc import Iterator

from tests.web.differential.scenario import Scenario

NAMES = (
    "str", "bytes", "memoryview", "list", "dict", "None", "number", "iterator", "closing", "written",
    "charset", "charset-in-type", "charset-unknown", "status", "status-text", "status-reason",
    "status-low", "status-high", "status-word", "status-changed", "gone", "not-modified",
    "not-modified-content", "not-modified-set", "not-allowed", "no-content", "headers",
    "headers-both-types", "header-latin", "header-unicode", "header-number", "header-name-unicode",
    "header-newline", "header-newline-unicode", "header-name-newline", "header-again", "header-deleted",
    "header-default", "cookie", "cookies", "cookie-all", "cookie-session", "cookie-zero",
    "cookie-timedelta", "cookie-expires-text", "cookie-expires-and-age", "cookie-samesite-bad",
    "cookie-unicode", "cookie-bad-name", "cookie-deleted", "cookie-deleted-all",
    "cookie-deleted-secure", "cookie-deleted-host", "cookie-signed", "redirect", "redirect-permanent",
    "redirect-preserving", "redirect-unicode", "redirect-script", "redirect-ftp", "redirect-mail",
    "redirect-long", "redirect-newline", "shortcut-redirect", "shortcut-redirect-path",
    "shortcut-redirect-relative", "shortcut-redirect-unknown", "shortcut-render",
    "shortcut-render-missing", "json", "json-list", "json-list-unsafe", "json-indented",
    "json-impossible", "stream", "stream-closing", "stream-content", "stream-mapped", "stream-replaced",
    "stream-text", "stream-failing", "stream-number", "file", "file-attachment", "file-named",
    "file-unicode", "file-packed", "file-typed", "file-headers", "file-bytesio", "file-position",
    "file-end", "file-iterator", "file-replaced", "template", "template-list", "template-replaced",
    "template-set", "template-iterated", "template-charset", "never-cache", "cache-headers", "vary",
    "vary-star", "cache-control", "cache-control-smaller", "etag", "etag-weak", "modified", "no-store",
    "long", "long-etag", "long-encoded", "long-stream", "framed", "length",
)  # fmt: skip

FAILING = {
    "charset-unknown", "headers-both-types", "header-name-unicode", "header-newline",
    "header-newline-unicode", "header-name-newline", "status-low", "status-high", "status-word",
    "not-modified-content", "not-modified-set", "cookie-expires-and-age", "cookie-samesite-bad",
    "cookie-bad-name", "redirect-script", "redirect-mail", "redirect-long", "redirect-newline",
    "shortcut-redirect-unknown", "shortcut-render-missing", "json-list", "json-impossible",
    "stream-content", "stream-number", "template-iterated",
}  # fmt: skip

STOCK = {
    "common": "{}.middleware.common.CommonMiddleware",
    "conditional": "{}.middleware.http.ConditionalGetMiddleware",
    "security": "{}.middleware.security.SecurityMiddleware",
    "frame": "{}.middleware.clickjacking.XFrameOptionsMiddleware",
    "csrf": "{}.middleware.csrf.CsrfViewMiddleware",
    "session": "{}.contrib.sessions.middleware.SessionMiddleware",
}


def scenarios() -> Iterator[Scenario]:
    """Each answer as it is, under a file wrapper, and through each stock middleware."""
    for name in NAMES:
        fails = name in FAILING
        for has_wrapper in (False, True) if name.startswith("file") else (False,):
            yield Scenario(
                f"answer-{name}{'-wrapped' if has_wrapper else ''}",
                path=f"/answer/{name}/",
                has_file_wrapper=has_wrapper,
                compares_body=not fails,
                compares_words=False,
            )
        for middleware, path in STOCK.items():
            yield Scenario(
                f"answer-{name}-through-{middleware}",
                path=f"/answer/{name}/",
                middleware=[path],
                compares_body=not fails,
                compares_words=False,
            )
    for name in ("long", "long-etag", "long-encoded", "long-stream", "str", "file", "not-modified"):
        for accept in (None, "gzip", "deflate, gzip;q=0.5", "identity", "gzip;q=0"):
            yield Scenario(
                f"gzip-{name}-{accept}",
                path=f"/answer/{name}/",
                headers={"Accept-Encoding": accept} if accept else {},
                middleware=["{}.middleware.gzip.GZipMiddleware"],
                has_file_wrapper=True,
                compares_body=False,
            )
    for name in ("str", "etag", "etag-weak", "modified", "gone", "stream", "no-store", "cookie"):
        for condition, fields in CONDITIONS.items():
            for method in ("GET", "HEAD", "POST"):
                yield Scenario(
                    f"conditional-{name}-{condition}-{method}",
                    path=f"/answer/{name}/",
                    method=method,
                    headers=fields,
                    middleware=[STOCK["conditional"]],
                )


CONDITIONS = {
    "match": {"If-None-Match": '"own"'},
    "match-weak": {"If-None-Match": 'W/"own"'},
    "match-star": {"If-None-Match": "*"},
    "match-list": {"If-None-Match": '"a", "own"'},
    "match-unquoted": {"If-None-Match": "own"},
    "if-match": {"If-Match": '"own"'},
    "if-match-other": {"If-Match": '"other"'},
    "modified-later": {"If-Modified-Since": "Sun, 02 Jan 2022 00:00:00 GMT"},
    "modified-earlier": {"If-Modified-Since": "Fri, 31 Dec 2021 00:00:00 GMT"},
    "modified-broken": {"If-Modified-Since": "yesterday"},
    "unmodified-earlier": {"If-Unmodified-Since": "Fri, 31 Dec 2021 00:00:00 GMT"},
}
