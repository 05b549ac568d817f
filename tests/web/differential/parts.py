"""What a view may show of its request, by name: `?show=GET,POST`.

In:     a request.
Out:    values that JSON has; what a part raises is its caller's.
Never:  names a framework.
"""

from typing import Any

kept: list[Any] = []  # uploaded files, to see afterwards whether the request closed them


def _keep(request: Any) -> int:
    kept.extend(file for _, files in request.FILES.lists() for file in files)
    return len(kept)


def _files(request: Any) -> Any:
    return [
        [field, file.name, file.size, file.content_type, file.charset, file.read().decode("latin-1")]
        for field, files in request.FILES.lists()
        for file in files
    ]


def _match(request: Any) -> Any:
    match = request.resolver_match
    return {
        "url_name": match.url_name,
        "view_name": match.view_name,
        "namespaces": match.namespaces,
        "app_names": match.app_names,
        "route": match.route,
        "args": match.args,
        "kwargs": match.kwargs,
        "captured": match.captured_kwargs,
        "extra": match.extra_kwargs,
        "tried": [[str(pattern.pattern) for pattern in patterns] for patterns in match.tried or ()],
    }


PARTS: dict[str, Any] = {
    "path": lambda request: [request.path, request.path_info, request.get_full_path()],
    "full_path": lambda request: [request.get_full_path(True), request.get_full_path_info()],
    "method": lambda request: request.method,
    "meta": lambda request: [
        request.META is request.environ,
        request.META["PATH_INFO"],
        request.META["SCRIPT_NAME"],
    ],
    "GET": lambda request: list(request.GET.lists()),
    "POST": lambda request: list(request.POST.lists()),
    "FILES": _files,
    "keep": _keep,
    "body": lambda request: request.body.decode("latin-1"),
    "read": lambda request: request.read(3).decode("latin-1"),
    "rest": lambda request: request.read().decode("latin-1"),
    "lines": lambda request: [line.decode("latin-1") for line in request],
    "COOKIES": lambda request: list(request.COOKIES.items()),
    "headers": lambda request: sorted(request.headers.items()),
    "header": lambda request: [
        request.headers.get("x_one"),
        request.headers.get("X-ONE"),
        "x-two" in request.headers,
    ],
    "host": lambda request: [request.get_host(), request.get_port()],
    "scheme": lambda request: [request.scheme, request.is_secure()],
    "uri": lambda request: [
        request.build_absolute_uri(place) for place in (None, "x", "/y", "//h/z", "../w", "http://o/é")
    ],
    "content": lambda request: [request.content_type, request.content_params, request.encoding],
    "match": _match,
    "latin": lambda request: setattr(request, "encoding", "latin-1"),
    "accepts": lambda request: [
        request.accepts(kind) for kind in ("text/html", "application/json", "image/png")
    ],
    "preferred": lambda request: request.get_preferred_type(["text/html", "application/json"]),
    "signed": lambda request: request.get_signed_cookie("signed", salt="s", default="none"),
    "iterate": lambda request: [[key, request.GET[key]] for key in request.GET],
    "urlencode": lambda request: [request.GET.urlencode(), request.GET.urlencode(safe="/")],
    "mutate": lambda request: request.GET.update({"a": "b"}),
}
