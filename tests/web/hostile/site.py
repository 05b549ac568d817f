"""A site that looks at everything a request has, on Django or on penstock.web.

In:     $FRAMEWORK: `django` or `penstock.web`; exchanges on stdin, as pickles: variables of an environ and a
        body.
Out:    on stdout, as pickles: the status and the body of the answer, or the name of the exception that left
        it.
Never:  guards a read: what goes wrong shows.
"""

import io
import logging
import os
import pickle
import sys
import types
from importlib import import_module
from typing import Any

LIMITS = {
    "ALLOWED_HOSTS": ["ours.example", ".wild.example", "127.0.0.1", "[::1]"],
    "DATA_UPLOAD_MAX_NUMBER_FIELDS": 1000,
    "DATA_UPLOAD_MAX_NUMBER_FILES": 20,
    "DATA_UPLOAD_MAX_MEMORY_SIZE": 100_000,
    "FILE_UPLOAD_MAX_MEMORY_SIZE": 10_000,
}


def make_site(package: str) -> Any:
    """Configure a framework and return the site as a WSGI application."""
    logging.disable()
    settings = import_module(f"{package}.conf").settings
    urls = types.ModuleType("hostile_urls")
    sys.modules[urls.__name__] = urls
    settings.configure(
        SECRET_KEY="secret of the tests",
        ROOT_URLCONF=urls.__name__,
        MIDDLEWARE=[
            f"{package}.middleware.{name}"
            for name in ("security.SecurityMiddleware", "common.CommonMiddleware")
        ],
        LOGGING_CONFIG=None,
        **LIMITS,
    )
    import_module(package).setup()
    urls.urlpatterns = [import_module(f"{package}.urls").re_path(r"", make_view(package))]
    return import_module(f"{package}.core.wsgi").get_wsgi_application()


def make_view(package: str) -> Any:
    """Return a view that answers with all that it was asked."""
    json_response = import_module(f"{package}.http").JsonResponse

    def look_at_everything(request: Any) -> Any:
        files = {
            name: [(file.name, file.content_type, file.size, len(file.read())) for file in uploads]
            for name, uploads in request.FILES.lists()
        }
        return json_response(
            {
                "method": request.method,
                "path": [request.path, request.path_info, request.get_full_path()],
                "host": [request.get_host(), request.build_absolute_uri(), request.build_absolute_uri("x")],
                "GET": dict(request.GET.lists()),
                "POST": dict(request.POST.lists()),
                "FILES": files,
                "COOKIES": request.COOKIES,
                "headers": dict(request.headers),
                "type": [request.content_type, request.content_params, request.encoding],
                "accepts": [str(each) for each in request.accepted_types],
                "prefers": request.get_preferred_type(["text/html", "application/json"]),
            }
        )

    return look_at_everything


def answer(site: Any, variables: dict[str, str], body: bytes) -> tuple[Any, bytes]:
    """Return status and body of the answer to one request, or (name of an exception, b"")."""
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "ours.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "ours.example",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **variables,
    }
    try:
        response = site(environ, lambda status, _headers, _exc_info=None: said.append(status))
        content = b"".join(response)
        response.close()
    except Exception as error:  # noqa: BLE001 -- which one is the answer
        return type(error).__name__, b""
    return int(said[0][:3]), content


def main() -> None:
    """Answer until stdin ends."""
    site = make_site(os.environ["FRAMEWORK"])
    while True:
        try:
            variables, body = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(answer(site, variables, body), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
