"""What a request brings: query, forms, files, cookies, hosts."""

from collections.abc import Iterator

from tests.web.differential.scenario import Scenario, form, multipart

FIELD = b'Content-Disposition: form-data; name="a"\r\n\r\n'
FILE = b'Content-Disposition: form-data; name="f"; filename="n.txt"\r\nContent-Type: text/plain\r\n\r\n'

QUERIES = {
    "empty": "",
    "plain": "a=1&b=2&a=3",
    "plus": "a=1+2&b=%2B",
    "no-value": "a&b=&=c",
    "semicolon": "a=1;b=2",
    "latin": "a=%e9",
    "utf-8": "a=%c3%a9",
    "raw-bytes": "a=\xc3\xa9",
    "broken-escape": "a=%zz&b=%",
    "ampersands": "&&a=1&&",
    "brackets": "a[]=1&a[]=2",
    "1001-fields": "&".join(f"f{n}=1" for n in range(1001)),
    "1000-fields": "&".join(f"f{n}=1" for n in range(990)),
}

MULTIPART = {
    "field": multipart(FIELD + b"value"),
    "file": multipart(FILE + b"contents"),
    "both": multipart(FIELD + b"v", FILE + b"c", FIELD + b"w"),
    "empty-file": multipart(FILE),
    "no-filename": multipart(b'Content-Disposition: form-data; name="f"; filename=""\r\n\r\nx'),
    "path-in-filename": multipart(
        b'Content-Disposition: form-data; name="f"; filename="../a\\b/c.txt"\r\n\r\nx'
    ),
    "dots-filename": multipart(b'Content-Disposition: form-data; name="f"; filename=".."\r\n\r\nx'),
    "entity-filename": multipart(
        b'Content-Disposition: form-data; name="f"; filename="&amp;&#x2F;a"\r\n\r\nx'
    ),
    "rfc8187-filename": multipart(
        b"Content-Disposition: form-data; name=\"f\"; filename*=UTF-8''%e2%82%ac.txt\r\n\r\nx"
    ),
    "control-filename": multipart(b'Content-Disposition: form-data; name="f"; filename="a\x01b"\r\n\r\nx'),
    "no-name": multipart(b"Content-Disposition: form-data\r\n\r\nx", FIELD + b"v"),
    "no-disposition": multipart(b"X-Odd: 1\r\n\r\nx", FIELD + b"v"),
    "base64-field": multipart(
        b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\ndmFsdWU='
    ),
    "base64-field-broken": multipart(
        b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!'
    ),
    "base64-file": multipart(
        FILE.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") + b"Y29udGVudHM="
    ),
    "base64-file-broken": multipart(
        FILE.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") + b"Y29udGVudHM"
    ),
    "unfinished": multipart(FILE + b"c", end=b""),
    "unfinished-field": multipart(FIELD + b"v", end=b""),
    "only-end": multipart(),
    "no-boundary": {**multipart(FIELD), "headers": {"Content-Type": "multipart/form-data"}},
    "bad-boundary": {**multipart(FIELD), "headers": {"Content-Type": "multipart/form-data; boundary=\xe9"}},
    "other-boundary": multipart(FIELD + b"v", boundary="OTHER"),
    "quoted-boundary": multipart(FIELD + b"v", boundary='"BOUND"'),
    "long-boundary": multipart(FIELD + b"v", boundary="B" * 202),
    "charset": {
        **multipart(FIELD + b"\xe9"),
        "headers": {"Content-Type": "multipart/form-data; boundary=BOUND; charset=latin-1"},
    },
    "long-part-head": multipart(b"X-Long: " + b"x" * 2000 + b"\r\n" + FIELD + b"v"),
    "preamble": {**multipart(FIELD + b"v"), "body": b"preamble\r\n" + bytes(multipart(FIELD + b"v")["body"])},
    "101-files": multipart(*[FILE + b"c"] * 101),
    "1001-fields": multipart(*[FIELD + b"v"] * 1001),
}

SHOWN = ("POST,FILES", "body,POST", "POST,body", "read,POST,rest", "lines", "body,read,rest", "POST,read")

COOKIES = {
    "plain": "a=1; b=2",
    "duplicate": "a=1; a=2",
    "no-equals": "a; b=2; =c",
    "quoted": 'a="x y"; b="\\054\\"q"',
    "unicode": "a=\xc3\xa9",
    "broken-unicode": "a=\xff",
    "spaces": " a = 1 ;b=2;; ",
    "json": 'a={"x": [1, 2]}; b=3',
    "commas": "a=1, b=2",
    "prefix": "__Secure-a=1; $Version=1",
}

HOSTS = {
    "plain": "example.org",
    "port": "example.org:8000",
    "upper-case": "Example.ORG",
    "dot": "example.org.",
    "dot-port": "example.org.:80",
    "subdomain": "a.example.com",
    "bare-of-wildcard": "example.com",
    "not-allowed": "evil.org",
    "suffix": "evilexample.com",
    "ipv6": "[::1]",
    "ipv6-port": "[::1]:8000",
    "ipv6-open": "[::1",
    "user": "a@example.org",
    "path": "example.org/x",
    "space": "example .org",
    "empty": "",
    "port-only": ":80",
    "bad-port": "example.org:80x",
    "two-ports": "example.org:80:80",
    "unicode": "\xc3\xa9xample.org",
    "underscore": "a_b.example.com",
    "comma": "example.org,evil.org",
    "localhost": "localhost",
    "sub-localhost": "a.localhost",
    "loopback": "127.0.0.1",
}


def scenarios() -> Iterator[Scenario]:
    """Everything a client sends."""
    yield from queries()
    yield from forms()
    yield from lengths()
    for name, cookie in COOKIES.items():
        yield Scenario(f"cookies-{name}", path="/echo/", query="show=COOKIES", headers={"Cookie": cookie})
    yield from hosts()
    yield from schemes()
    yield from fields()


def queries() -> Iterator[Scenario]:
    """Query strings, and the limits of them."""
    for name, query in QUERIES.items():
        for let in ("", "&let="):
            yield (
                Scenario(
                    f"query-{name}{'-let-through' if let else ''}",
                    path="/echo/",
                    query=f"show=GET,iterate,urlencode,mutate,latin,GET{let}&{query}",
                    compares_body=not let or "1001" not in name,
                    compares_words=False,
                )
                if not let or "1001" in name
                else Scenario(f"query-{name}-method", path="/echo/", query=query + "&show=method")
            )


def forms() -> Iterator[Scenario]:
    """Forms of both kinds, looked at in every order."""
    sent = {
        "urlencoded": form("a=1&b=%c3%a9&a=2"),
        "urlencoded-latin": form("a=\xe9"),
        "urlencoded-1001": form("&".join(f"f{n}=1" for n in range(1001))),
        "urlencoded-put": {**form("a=1"), "method": "PUT"},
        "urlencoded-lower-case-method": {**form("a=1"), "method": "post"},
        "json": {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": b'{"a": 1}'},
        "untyped": {"method": "POST", "body": b"a=1"},
        "get-with-body": {
            "method": "GET",
            "body": b"a=1",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        "charset-utf-8": {
            **form("a=%c3%a9"),
            "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
        },
        "charset-latin": {
            **form("a=%e9"),
            "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=latin-1"},
        },
        "charset-unknown": {
            **form("a=%e9"),
            "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=bogus"},
        },
        "charset-rfc2231-unknown": {**form("a=1"), "headers": {"Content-Type": "text/plain; x*=bogus''y"}},
        "multipart": MULTIPART["both"],
    }
    for name, request in sent.items():
        for shown in SHOWN:
            yield Scenario(
                f"form-{name}-{shown}",
                path="/echo/",
                query=f"show={shown},content",
                compares_words=False,
                **request,
            )
    for replaced in ({}, {"Alpha.response": "respond"}, {"Alpha.response": "ValueError"}):
        yield Scenario(
            f"uploads-are-closed-after-{'-'.join(replaced.values()) or 'nothing'}",
            path="/echo/",
            query="show=keep",
            middleware=["specimen.Alpha"],
            plan=replaced,
            compares_body=not replaced,
            **MULTIPART["both"],
        )
    for name, request in MULTIPART.items():
        yield Scenario(f"multipart-{name}", path="/echo/", query="show=POST,FILES,POST,content", **request)
        yield Scenario(
            f"multipart-{name}-let-through",
            path="/echo/",
            query="show=POST,FILES&let=",
            settings={"ROOT_URLCONF": "specimen_own_errors"},
            compares_words=False,
            **request,
        )


def lengths() -> Iterator[Scenario]:
    """Content-Length: absent, wrong, negative, larger than allowed."""
    values = {
        "absent": None,
        "empty": "",
        "word": "many",
        "negative": "-5",
        "zero": "0",
        "short": "2",
        "long": "9999",
    }
    for name, value in values.items():
        for kind, request in (("form", form("a=1&b=2")), ("multipart", MULTIPART["field"])):
            for shown in ("POST", "body", "lines"):
                yield Scenario(
                    f"length-{name}-{kind}-{shown}",
                    path="/echo/",
                    query=f"show={shown}&let=",
                    environ={"CONTENT_LENGTH": value},
                    settings={"ROOT_URLCONF": "specimen_own_errors"},
                    compares_words=False,
                    **request,
                )
    limits = {
        "memory": {"DATA_UPLOAD_MAX_MEMORY_SIZE": 5},
        "memory-exact": {"DATA_UPLOAD_MAX_MEMORY_SIZE": 7},
        "no-memory-limit": {"DATA_UPLOAD_MAX_MEMORY_SIZE": None},
        "fields": {"DATA_UPLOAD_MAX_NUMBER_FIELDS": 1},
        "no-field-limit": {"DATA_UPLOAD_MAX_NUMBER_FIELDS": None},
        "files": {"DATA_UPLOAD_MAX_NUMBER_FILES": 0},
        "on-disk": {"FILE_UPLOAD_MAX_MEMORY_SIZE": 0},
    }
    for name, settings in limits.items():
        for kind, request in (("form", form("a=1&b=2")), ("multipart", MULTIPART["both"])):
            for shown in ("POST,FILES", "body", "POST,FILES&let="):
                yield Scenario(
                    f"limit-{name}-{kind}-{shown}",
                    path="/echo/",
                    query=f"show={shown}",
                    settings={"ROOT_URLCONF": "specimen_own_errors", **settings},
                    compares_words=False,
                    **request,
                )


def hosts() -> Iterator[Scenario]:
    """Which hosts are one's own."""
    circumstances = {
        "list": {},
        "debug": {"DEBUG": True, "ALLOWED_HOSTS": []},
        "none": {"ALLOWED_HOSTS": []},
        "all": {"ALLOWED_HOSTS": ["*"]},
    }
    for name, host in HOSTS.items():
        for circumstance, settings in circumstances.items():
            yield Scenario(
                f"host-{name}-{circumstance}",
                path="/echo/",
                query="show=host",
                headers={"Host": host},
                settings=settings,
            )
        yield Scenario(
            f"host-{name}-middleware",
            headers={"Host": host},
            middleware=["{}.middleware.common.CommonMiddleware"],
            compares_body=False,
            compares_words=False,
        )
    for used in (True, False):
        yield Scenario(
            f"host-forwarded-used-{used}",
            path="/echo/",
            query="show=host,uri",
            headers={"X-Forwarded-Host": "a.example.com:1", "X-Forwarded-Port": "8443"},
            settings={"USE_X_FORWARDED_HOST": used, "USE_X_FORWARDED_PORT": used},
        )
    for port, scheme in (("80", "http"), ("443", "https"), ("8000", "http"), ("80", "https")):
        yield Scenario(
            f"host-of-server-{port}-{scheme}",
            path="/echo/",
            query="show=host,uri",
            environ={"HTTP_HOST": None, "SERVER_PORT": port, "wsgi.url_scheme": scheme},
        )


def schemes() -> Iterator[Scenario]:
    """Who says that a request is secure."""
    header = ("HTTP_X_FORWARDED_PROTO", "https")
    for setting in (None, header, ("one",), "HTTP_X"):
        for value in (None, "https", "http", " https , http", "HTTPS", ""):
            yield Scenario(
                f"scheme-{setting!r}-{value!r}",
                path="/echo/",
                query="show=scheme,uri",
                headers={} if value is None else {"X-Forwarded-Proto": value},
                settings={"SECURE_PROXY_SSL_HEADER": setting},
            )


def fields() -> Iterator[Scenario]:
    """Header fields, and what is asked of Accept."""
    odd = {
        "X-One": "1",
        "x-two": "\xe9",
        "Content-Type": "a/b; c=d",
        "Accept": "text/*;q=0.5, application/json",
    }
    yield Scenario(
        "fields", path="/echo/", query="show=headers,header,accepts,preferred,content", headers=odd
    )
    for name, accept in {
        "any": "*/*",
        "none": "",
        "broken": "text",
        "html": "text/html;level=1",
        "q0": "text/html;q=0",
    }.items():
        yield Scenario(
            f"accept-{name}", path="/echo/", query="show=accepts,preferred", headers={"Accept": accept}
        )
    for method in ("GET", "HEAD", "OPTIONS", "get", "ODD", "TRACE"):
        yield Scenario(f"method-{method}", path="/echo/", query="show=method", method=method)
        yield Scenario(f"method-{method}-post-only", path="/posting/", method=method)
        yield Scenario(f"method-{method}-class", path="/class/", method=method)
