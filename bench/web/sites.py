"""The same site in each framework: so many routes of the form /thing17/<int>/, each with one view.

The view answers with its path parameter and the query parameter `q`.  Frameworks are imported when they are
first needed; Django and penstock.web keep one configuration a process, which is set to that of the site at
hand before each round (`Site.enter`).

In:     a framework's name, a number of routes, whether the five middlewares are wanted.
Out:    a Site, whose application is a WSGI callable.
"""

import importlib
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bench.traffic import HOST

FIVE: Final = (
    "middleware.security.SecurityMiddleware",
    "contrib.sessions.middleware.SessionMiddleware",
    "middleware.common.CommonMiddleware",
    "middleware.csrf.CsrfViewMiddleware",
    "middleware.clickjacking.XFrameOptionsMiddleware",
)


@dataclass(frozen=True, slots=True)
class Site:
    """One framework's application; `enter` makes its configuration the process's."""

    name: str
    application: Callable[..., Any]
    enter: Callable[[], None] = lambda: None


def make_site(framework: str, *, routes: int, middlewares: tuple[str, ...] = ()) -> Site:
    """Build the site of a framework."""
    if framework in PACKAGES:
        return _make_django_like(framework, PACKAGES[framework], routes, middlewares)
    if middlewares:
        raise ValueError(f"{framework} with middlewares {middlewares!r}; expected none")
    return Site(framework, MAKERS[framework](routes))


def _make_django_like(name: str, package: str, routes: int, middlewares: tuple[str, ...]) -> Site:
    settings = importlib.import_module(f"{package}.conf").settings
    if not settings.configured:
        settings.configure(
            DEBUG=False,
            SECRET_KEY="measured" * 8,
            ALLOWED_HOSTS=[HOST],
            SESSION_ENGINE=f"{package}.contrib.sessions.backends.signed_cookies",
            LOGGING_CONFIG=None,
        )
        importlib.import_module(package).setup()
    urlconf = _urlconf(package, routes)
    middleware = [f"{package}.{each}" for each in middlewares]

    def enter() -> None:
        if settings.ROOT_URLCONF != urlconf or settings.MIDDLEWARE != middleware:  # noqa: SIM300  (no constant)
            settings.ROOT_URLCONF = urlconf
            settings.MIDDLEWARE = middleware

    settings.ROOT_URLCONF = urlconf
    settings.MIDDLEWARE = middleware
    return Site(name, importlib.import_module(f"{package}.core.wsgi").get_wsgi_application(), enter)


def _urlconf(package: str, routes: int) -> str:
    name = f"urlconf_of_{routes}_routes_for_{package.replace('.', '_')}"
    if name not in sys.modules:
        path = importlib.import_module(f"{package}.urls").path
        response = importlib.import_module(f"{package}.http").HttpResponse

        def view(request: Any, pk: int) -> Any:
            return response(f"thing {pk} {request.GET.get('q')}")

        module: Any = types.ModuleType(name)
        module.urlpatterns = [path(f"thing{index}/<int:pk>/", view) for index in range(routes)]
        sys.modules[name] = module
    return name


def _make_flask(routes: int) -> Callable[..., Any]:
    from flask import Flask, request  # noqa: PLC0415  (only where it is measured)

    app = Flask("measured")

    def view(pk: int) -> str:
        return f"thing {pk} {request.args.get('q')}"

    for index in range(routes):
        app.add_url_rule(f"/thing{index}/<int:pk>/", f"thing{index}", view)
    return app


def _make_bottle(routes: int) -> Callable[..., Any]:
    from bottle import Bottle, request  # noqa: PLC0415  (only where it is measured)

    app = Bottle()

    def view(pk: int) -> str:
        return f"thing {pk} {request.query.get('q')}"

    for index in range(routes):
        app.route(f"/thing{index}/<pk:int>/", callback=view)
    return app  # type: ignore[no-any-return]  # without types


def _make_falcon(routes: int) -> Callable[..., Any]:
    import falcon  # noqa: PLC0415  (only where it is measured)

    class Thing:
        def on_get(self, req: Any, resp: Any, pk: int) -> None:
            resp.text = f"thing {pk} {req.get_param('q')}"

    app = falcon.App()
    for index in range(routes):
        app.add_route(f"/thing{index}/{{pk:int}}/", Thing())
    return app


def nothing(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer at once: what is left is the measuring itself."""
    start_response("200 OK", [])
    return [b"thing 7 hello"]


PACKAGES: Final = {"penstock.web": "penstock.web", "Django": "django"}
MAKERS: Final[dict[str, Callable[[int], Callable[..., Any]]]] = {
    "Flask": _make_flask,
    "Bottle": _make_bottle,
    "Falcon": _make_falcon,
    "nothing": lambda _routes: nothing,
}
