"""The stock middleware: what it does to requests that are its business."""

from collections.abc import Iterator

from tests.web.differential.scenario import Scenario, form

COMMON = ["{}.middleware.common.CommonMiddleware"]
SECURITY = ["{}.middleware.security.SecurityMiddleware"]
CSRF = ["{}.middleware.csrf.CsrfViewMiddleware"]
FRAME = ["{}.middleware.clickjacking.XFrameOptionsMiddleware"]
SESSION = ["{}.contrib.sessions.middleware.SessionMiddleware"]
CACHE = ["{}.middleware.cache.UpdateCacheMiddleware", "{}.middleware.cache.FetchFromCacheMiddleware"]
SECRET = "a" * 32
COOKIE = {"Cookie": f"csrftoken={SECRET}"}
TOKEN = f"csrfmiddlewaretoken={SECRET}"

# What a client sends: header fields, form.
SENT = {
    "nothing": ({}, ""),
    "cookie-only": (COOKIE, ""),
    "secret": (COOKIE, TOKEN),
    "masked": (COOKIE, "csrfmiddlewaretoken=" + "b" * 32 + "b" * 32),
    "wrong": (COOKIE, "csrfmiddlewaretoken=" + "c" * 32),
    "short": (COOKIE, "csrfmiddlewaretoken=abc"),
    "odd-characters": (COOKIE, "csrfmiddlewaretoken=" + "%21" * 32),
    "header": ({**COOKIE, "X-CSRFToken": SECRET}, ""),
    "header-wrong": ({**COOKIE, "X-CSRFToken": "x"}, ""),
    "cookie-short": ({"Cookie": "csrftoken=abc"}, "csrfmiddlewaretoken=abc"),
    "cookie-odd": ({"Cookie": "csrftoken=" + "!" * 32}, ""),
    "origin": ({"Origin": "http://example.org"}, ""),
    "origin-good": ({"Origin": "http://example.org", **COOKIE}, TOKEN),
    "origin-bad": ({"Origin": "http://evil.org", **COOKIE}, TOKEN),
    "origin-null": ({"Origin": "null", **COOKIE}, TOKEN),
    "origin-trusted": ({"Origin": "https://a.trusted.org", **COOKIE}, TOKEN),
    "referer": ({"Referer": "https://example.org/x", **COOKIE}, TOKEN),
    "referer-bad": ({"Referer": "https://evil.org/x", **COOKIE}, TOKEN),
    "referer-plain": ({"Referer": "http://example.org/x", **COOKIE}, TOKEN),
    "referer-broken": ({"Referer": "https://[", **COOKIE}, TOKEN),
    "bad-host": (
        {"Host": "evil.org", "Origin": "http://evil.org", **COOKIE},
        TOKEN,
    ),
}


def scenarios() -> Iterator[Scenario]:
    """All of them."""
    yield from common()
    yield from security()
    yield from csrf()
    yield from sessions()
    yield from frames()
    yield from caches()


def common() -> Iterator[Scenario]:
    """Slashes, www, user agents."""
    paths = (
        "/plain",
        "/plain/",
        "/nowhere",
        "/nowhere/",
        "/unslashed",
        "/no-slash",
        "//example.com/plain",
        "/r/1/b",
        "",
    )
    circumstances = {
        "default": {},
        "no-slashes": {"APPEND_SLASH": False},
        "www": {"PREPEND_WWW": True},
        "debug": {"DEBUG": True},
    }
    for path in paths:
        for name, settings in circumstances.items():
            for method in ("GET", "POST", "PATCH"):
                yield Scenario(
                    f"common-{path!r}-{name}-{method}",
                    path=path,
                    query="q=1&r=%2F",
                    method=method,
                    middleware=COMMON,
                    settings={"ALLOWED_HOSTS": ["*"], **settings},
                    compares_body=False,
                    compares_words=False,
                )


def security() -> Iterator[Scenario]:
    """Each setting of SecurityMiddleware, on and off https."""
    circumstances = {
        "default": {},
        "hsts": {"SECURE_HSTS_SECONDS": 60},
        "hsts-all": {
            "SECURE_HSTS_SECONDS": 60,
            "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
            "SECURE_HSTS_PRELOAD": True,
        },
        "sniff": {"SECURE_CONTENT_TYPE_NOSNIFF": False},
        "redirect": {"SECURE_SSL_REDIRECT": True},
        "redirect-host": {"SECURE_SSL_REDIRECT": True, "SECURE_SSL_HOST": "secure.example.org"},
        "redirect-exempt": {"SECURE_SSL_REDIRECT": True, "SECURE_REDIRECT_EXEMPT": ["^plain"]},
        "referrer-list": {"SECURE_REFERRER_POLICY": ["a", "b"]},
        "referrer-commas": {"SECURE_REFERRER_POLICY": "a, b"},
        "referrer-none": {"SECURE_REFERRER_POLICY": None},
        "opener-none": {"SECURE_CROSS_ORIGIN_OPENER_POLICY": None},
    }
    for name, settings in circumstances.items():
        for scheme in ("http", "https"):
            yield Scenario(
                f"security-{name}-{scheme}",
                query="q=1",
                environ={"wsgi.url_scheme": scheme},
                middleware=SECURITY,
                settings=settings,
            )


def csrf() -> Iterator[Scenario]:
    """Who may post."""
    for name, (headers, body) in SENT.items():
        for scheme in ("http", "https"):
            for path in ("/token/", "/plain/", "/exempt/"):
                request = form(body)
                yield Scenario(
                    f"csrf-{name}-{scheme}-{path}",
                    path=path,
                    method="POST",
                    body=request["body"],
                    headers={**request["headers"], **headers},
                    environ={"wsgi.url_scheme": scheme},
                    middleware=CSRF,
                    settings={"CSRF_TRUSTED_ORIGINS": ["https://*.trusted.org"]},
                    compares_body=False,
                    compares_words=False,
                )
    for cookie in (None, SECRET, "abc", "b" * 64, "!" * 32):
        for path in ("/token/", "/plain/"):
            yield Scenario(
                f"csrf-get-{path}-{cookie}",
                path=path,
                headers={"Cookie": f"csrftoken={cookie}"} if cookie else {},
                middleware=CSRF,
                settings={
                    "CSRF_COOKIE_SECURE": True,
                    "CSRF_COOKIE_HTTPONLY": True,
                    "CSRF_COOKIE_SAMESITE": "Strict",
                },
                repeat=2,
            )
    for path in ("/token/", "/plain/"):
        yield Scenario(
            f"csrf-in-session-{path}",
            path=path,
            middleware=[*SESSION, *CSRF],
            settings={"CSRF_USE_SESSIONS": True},
        )


def sessions() -> Iterator[Scenario]:
    """Sessions that are made, looked at, ended, expired; in each store."""
    engines = {"signed": "signed_cookies", "file": "file", "cache": "cache"}
    cookies = {"none": "", "short": "sessionid=abc", "empty": "sessionid=", "bogus": "sessionid=" + "x" * 40}
    circumstances = {
        "default": {},
        "every-request": {"SESSION_SAVE_EVERY_REQUEST": True},
        "browser": {"SESSION_EXPIRE_AT_BROWSER_CLOSE": True},
        "cookie": {
            "SESSION_COOKIE_NAME": "s", "SESSION_COOKIE_PATH": "/p", "SESSION_COOKIE_DOMAIN": "example.org",
            "SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_HTTPONLY": False,
            "SESSION_COOKIE_SAMESITE": "Strict",
        },
    }  # fmt: skip
    for engine, module in engines.items():
        for page in ("count", "peek", "leave", "linger", "plain"):
            path = "/plain/" if page == "plain" else f"/session/{page}/"
            for cookie, header in cookies.items():
                for name, settings in circumstances.items():
                    yield Scenario(
                        f"session-{engine}-{page}-{cookie}-{name}",
                        path=path,
                        headers={"Cookie": header} if header else {},
                        middleware=SESSION,
                        settings={"SESSION_ENGINE": f"{{}}.contrib.sessions.backends.{module}", **settings},
                        repeat=1 if header else 3,
                        compares_words=False,
                    )
    for action in ("respond-404", "respond-500", "ValueError"):
        for path in ("/session/count/", "/plain/"):
            for name, settings in circumstances.items():
                yield Scenario(
                    f"session-then-{action}-{path}-{name}",
                    path=path,
                    headers={"Cookie": cookies["bogus"]},
                    middleware=[*SESSION, "specimen.Alpha"],
                    settings=settings,
                    plan={"Alpha.response": action},
                    compares_body=False,
                )


def frames() -> Iterator[Scenario]:
    """Who may frame a page."""
    for policy in ("DENY", "SAMEORIGIN", "sameorigin"):
        for path in ("/plain/", "/framed/", "/answer/framed/"):
            yield Scenario(
                f"frame-{policy}-{path}", path=path, middleware=FRAME, settings={"X_FRAME_OPTIONS": policy}
            )


def caches() -> Iterator[Scenario]:
    """What is kept, and what is answered from it."""
    for name in (
        "str",
        "cookie",
        "never-cache",
        "cache-headers",
        "no-store",
        "stream",
        "gone",
        "vary",
        "vary-star",
        "template",
    ):
        for method in ("GET", "HEAD", "POST"):
            yield Scenario(
                f"cache-{name}-{method}",
                path=f"/answer/{name}/",
                query=f"unlike={method}",
                method=method,
                middleware=[CACHE[0], "specimen.Alpha", CACHE[1]],
                settings={"CACHE_MIDDLEWARE_SECONDS": 600},
                repeat=3,
            )
    yield Scenario(
        "cache-by-cookie", path="/session/peek/", middleware=[CACHE[0], *SESSION, CACHE[1]], repeat=2
    )
    yield Scenario("cache-decorator", path="/cached/", middleware=["specimen.Alpha"], repeat=2)
    yield Scenario("cache-never-decorator", path="/never/", repeat=1)
