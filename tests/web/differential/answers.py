"""Responses of every kind, by name: what a view returns for /answer/<name>/.

In:     the specimen's framework.
Out:    `ANSWERS`.
Never:  depends on the time or on chance.
"""

import datetime as dt
import io
import tempfile
from pathlib import Path
from typing import Any

from tests.web.differential.specimen import framework, http, note, template_response, urls

shortcuts = framework("shortcuts")
cache = framework("utils.cache")
FOLDER = Path(tempfile.mkdtemp(prefix="specimen-"))
(FOLDER / "text.txt").write_bytes(b"some text")
(FOLDER / "packed.tar.gz").write_bytes(b"packed")
(FOLDER / "ünicode.bin").write_bytes(b"\0\1\2")


def _with(response: Any, **cookies: Any) -> Any:
    for name, arguments in cookies.items():
        response.set_cookie(name, **arguments)
    return response


def _changed(response: Any, *changes: Any) -> Any:
    for change in changes:
        change(response)
    return response


def _file(name: str, **options: Any) -> Any:
    return http.FileResponse((FOLDER / name).open("rb"), **options)


def _from_position(position: int) -> Any:
    file = io.BytesIO(b"0123456789")
    file.seek(position)
    return http.FileResponse(file)


class _Closing:
    def __init__(self) -> None:
        self.left = [b"a", b"b"]

    def __iter__(self) -> Any:
        return iter(self.left)

    def close(self) -> None:
        note("source closed")


def _streaming_then(change: Any) -> Any:
    response = http.StreamingHttpResponse(_Closing())
    change(response)
    return response


ANSWERS: dict[str, Any] = {
    # content
    "str": lambda request: http.HttpResponse("text é"),
    "bytes": lambda request: http.HttpResponse(b"bytes"),
    "memoryview": lambda request: http.HttpResponse(memoryview(b"view")),
    "list": lambda request: http.HttpResponse(["a", b"b", 3]),
    "dict": lambda request: http.HttpResponse({"key": "value"}),
    "None": lambda request: http.HttpResponse(None),
    "number": lambda request: http.HttpResponse(42),
    "iterator": lambda request: http.HttpResponse(iter(["x", "y"])),
    "closing": lambda request: http.HttpResponse(_Closing()),
    "written": lambda request: _changed(
        http.HttpResponse("a"), lambda r: r.write("b"), lambda r: r.writelines(["c", "d"])
    ),
    "charset": lambda request: http.HttpResponse("é", charset="latin-1"),
    "charset-in-type": lambda request: http.HttpResponse("é", content_type="text/plain; charset=utf-16"),
    "charset-unknown": lambda request: http.HttpResponse("é", content_type="text/plain; charset=bogus"),
    # status
    "status": lambda request: http.HttpResponse(status=299),
    "status-text": lambda request: http.HttpResponse(status="201"),
    "status-reason": lambda request: http.HttpResponse(status=200, reason="Fine"),
    "status-low": lambda request: http.HttpResponse(status=99),
    "status-high": lambda request: http.HttpResponse(status=600),
    "status-word": lambda request: http.HttpResponse(status="many"),
    "status-changed": lambda request: _changed(
        http.HttpResponse("x"), lambda r: setattr(r, "status_code", 201)
    ),
    "gone": lambda request: http.HttpResponseGone("gone"),
    "not-modified": lambda request: http.HttpResponseNotModified(),
    "not-modified-content": lambda request: http.HttpResponseNotModified("x"),
    "not-modified-set": lambda request: _changed(
        http.HttpResponseNotModified(), lambda r: setattr(r, "content", "x")
    ),
    "not-allowed": lambda request: http.HttpResponseNotAllowed(["POST", "GET", "PUT"]),
    "no-content": lambda request: http.HttpResponse(status=204),
    # header fields
    "headers": lambda request: http.HttpResponse(headers={"X-One": "1", "x-two": "2"}),
    "headers-both-types": lambda request: http.HttpResponse(
        content_type="a/b", headers={"Content-Type": "c/d"}
    ),
    "header-latin": lambda request: http.HttpResponse(headers={"X-One": "é"}),
    "header-unicode": lambda request: http.HttpResponse(headers={"X-One": "日本"}),
    "header-number": lambda request: http.HttpResponse(headers={"X-One": 5}),
    "header-name-unicode": lambda request: http.HttpResponse(headers={"X-é": "1"}),
    "header-newline": lambda request: http.HttpResponse(headers={"X-One": "a\r\nb"}),
    "header-newline-unicode": lambda request: http.HttpResponse(headers={"X-One": "日\nb"}),
    "header-name-newline": lambda request: http.HttpResponse(headers={"X\n": "b"}),
    "header-again": lambda request: _changed(
        http.HttpResponse(),
        lambda r: r.__setitem__("X-A", "1"),
        lambda r: r.__setitem__("X-B", "2"),
        lambda r: r.__setitem__("x-a", "3"),
    ),
    "header-deleted": lambda request: _changed(
        http.HttpResponse(), lambda r: r.__delitem__("content-type"), lambda r: r.__delitem__("nowhere")
    ),
    "header-default": lambda request: _changed(
        http.HttpResponse(), lambda r: r.setdefault("X-A", "1"), lambda r: r.setdefault("x-a", "2")
    ),
    # cookies
    "cookie": lambda request: _with(http.HttpResponse(), a={"value": "b"}),
    "cookies": lambda request: _with(http.HttpResponse(), z={"value": "1"}, a={"value": "2"}),
    "cookie-all": lambda request: _with(
        http.HttpResponse(),
        a={
            "value": "b c;",
            "max_age": 60,
            "path": "/p",
            "domain": "d",
            "secure": True,
            "httponly": True,
            "samesite": "lax",
        },
    ),
    "cookie-session": lambda request: _with(http.HttpResponse(), a={"value": "b", "max_age": None}),
    "cookie-zero": lambda request: _with(http.HttpResponse(), a={"value": "b", "max_age": 0}),
    "cookie-timedelta": lambda request: _with(
        http.HttpResponse(), a={"value": "b", "max_age": dt.timedelta(hours=1)}
    ),
    "cookie-expires-text": lambda request: _with(
        http.HttpResponse(), a={"value": "b", "expires": "Thu, 01 Jan 2026 00:00:00 GMT"}
    ),
    "cookie-expires-and-age": lambda request: _with(
        http.HttpResponse(), a={"value": "b", "expires": dt.datetime(2040, 1, 1, tzinfo=dt.UTC), "max_age": 5}
    ),
    "cookie-samesite-bad": lambda request: _with(http.HttpResponse(), a={"value": "b", "samesite": "maybe"}),
    "cookie-unicode": lambda request: _with(http.HttpResponse(), a={"value": "é"}),
    "cookie-bad-name": lambda request: _with(http.HttpResponse(), **{"a b": {"value": "c"}}),
    "cookie-deleted": lambda request: _changed(http.HttpResponse(), lambda r: r.delete_cookie("a")),
    "cookie-deleted-all": lambda request: _changed(
        http.HttpResponse(), lambda r: r.delete_cookie("a", path="/p", domain="d", samesite="none")
    ),
    "cookie-deleted-secure": lambda request: _changed(
        http.HttpResponse(), lambda r: r.delete_cookie("__Secure-a")
    ),
    "cookie-deleted-host": lambda request: _changed(
        http.HttpResponse(), lambda r: r.delete_cookie("__Host-a")
    ),
    "cookie-signed": lambda request: _changed(
        http.HttpResponse(), lambda r: r.set_signed_cookie("signed", "v", salt="s")
    ),
    # redirects
    "redirect": lambda request: http.HttpResponseRedirect("/there/"),
    "redirect-permanent": lambda request: http.HttpResponsePermanentRedirect("/there/"),
    "redirect-preserving": lambda request: http.HttpResponseRedirect("/there/", preserve_request=True),
    "redirect-unicode": lambda request: http.HttpResponseRedirect("/é/?q=é#é"),
    "redirect-script": lambda request: http.HttpResponseRedirect("javascript:alert(1)"),
    "redirect-ftp": lambda request: http.HttpResponseRedirect("ftp://example.org/"),
    "redirect-mail": lambda request: http.HttpResponseRedirect("mailto:a@example.org"),
    "redirect-long": lambda request: http.HttpResponseRedirect("/" + "x" * 17000),
    "redirect-newline": lambda request: http.HttpResponseRedirect("/a\nb"),
    "shortcut-redirect": lambda request: shortcuts.redirect("typed", 1, "b"),
    "shortcut-redirect-path": lambda request: shortcuts.redirect("/x/", permanent=True),
    "shortcut-redirect-relative": lambda request: shortcuts.redirect("./x"),
    "shortcut-redirect-unknown": lambda request: shortcuts.redirect("nowhere"),
    "shortcut-render": lambda request: shortcuts.render(request, "page.html", {"place": "<&>"}, status=201),
    "shortcut-render-missing": lambda request: shortcuts.render(request, "nowhere.html"),
    # JSON
    "json": lambda request: http.JsonResponse({"a": [1, None, "é"], "d": dt.date(2020, 1, 2)}),
    "json-list": lambda request: http.JsonResponse([1]),
    "json-list-unsafe": lambda request: http.JsonResponse([1], safe=False),
    "json-indented": lambda request: http.JsonResponse(
        {"b": 1, "a": 2}, json_dumps_params={"indent": 1, "sort_keys": True}
    ),
    "json-impossible": lambda request: http.JsonResponse({"a": object()}),
    # streams
    "stream": lambda request: http.StreamingHttpResponse(["a", b"b", 3]),
    "stream-closing": lambda request: http.StreamingHttpResponse(_Closing()),
    "stream-content": lambda request: http.HttpResponse(http.StreamingHttpResponse(["a"]).content),
    "stream-mapped": lambda request: _streaming_then(
        lambda r: setattr(r, "streaming_content", (piece * 2 for piece in r.streaming_content))
    ),
    "stream-replaced": lambda request: _streaming_then(lambda r: setattr(r, "streaming_content", ["new"])),
    "stream-text": lambda request: http.StreamingHttpResponse("text"),
    "stream-failing": lambda request: http.StreamingHttpResponse(1 // zero for zero in (1, 0)),
    "stream-number": lambda request: http.StreamingHttpResponse(5),
    # files
    "file": lambda request: _file("text.txt"),
    "file-attachment": lambda request: _file("text.txt", as_attachment=True),
    "file-named": lambda request: _file("text.txt", as_attachment=True, filename='o"w\\n.html'),
    "file-unicode": lambda request: _file("ünicode.bin", as_attachment=True),
    "file-packed": lambda request: _file("packed.tar.gz"),
    "file-typed": lambda request: _file("text.txt", content_type="a/b"),
    "file-headers": lambda request: _file(
        "text.txt", headers={"Content-Length": "3", "Content-Disposition": "x"}
    ),
    "file-bytesio": lambda request: http.FileResponse(io.BytesIO(b"in memory")),
    "file-position": lambda request: _from_position(4),
    "file-end": lambda request: _from_position(10),
    "file-iterator": lambda request: http.FileResponse(iter([b"a", b"b"])),
    "file-replaced": lambda request: _changed(
        _file("text.txt"), lambda r: setattr(r, "streaming_content", [b"new"])
    ),
    # templates
    "template": lambda request: template_response.TemplateResponse(
        request, "page.html", {"place": "here"}, status=202
    ),
    "template-list": lambda request: template_response.TemplateResponse(
        request, ["nowhere.html", "page.html"], {}
    ),
    "template-replaced": lambda request: _changed(
        template_response.TemplateResponse(request, "page.html"),
        lambda r: r.add_post_render_callback(lambda rendered: http.HttpResponse("instead")),
    ),
    "template-set": lambda request: _changed(
        template_response.TemplateResponse(request, "page.html"), lambda r: setattr(r, "content", "set")
    ),
    "template-iterated": lambda request: http.HttpResponse(
        list(template_response.TemplateResponse(request, "page.html"))
    ),
    "template-charset": lambda request: template_response.TemplateResponse(
        request, "page.html", {"place": "é"}, charset="latin-1"
    ),
    # what caches are told
    "never-cache": lambda request: _changed(http.HttpResponse("x"), cache.add_never_cache_headers),
    "cache-headers": lambda request: _changed(
        http.HttpResponse("x"), lambda r: cache.patch_response_headers(r, 30)
    ),
    "vary": lambda request: _changed(
        http.HttpResponse(headers={"Vary": "Cookie, accept"}),
        lambda r: cache.patch_vary_headers(r, ["Accept", "Origin", "cookie"]),
    ),
    "vary-star": lambda request: _changed(
        http.HttpResponse(headers={"Vary": "Cookie"}), lambda r: cache.patch_vary_headers(r, ["*", "X"])
    ),
    "cache-control": lambda request: _changed(
        http.HttpResponse(headers={"Cache-Control": "max-age=20, public"}),
        lambda r: cache.patch_cache_control(r, private=True, max_age=10, no_transform=True),
    ),
    "cache-control-smaller": lambda request: _changed(
        http.HttpResponse(headers={"Cache-Control": "max-age=5, no-cache=a"}),
        lambda r: cache.patch_cache_control(r, max_age=10, no_cache=True, s_maxage=3),
    ),
    "etag": lambda request: http.HttpResponse("x", headers={"ETag": '"own"'}),
    "etag-weak": lambda request: http.HttpResponse("x", headers={"ETag": 'W/"own"'}),
    "modified": lambda request: http.HttpResponse(
        "x", headers={"Last-Modified": "Sat, 01 Jan 2022 00:00:00 GMT", "X": "y"}
    ),
    "no-store": lambda request: http.HttpResponse("x", headers={"Cache-Control": "no-store"}),
    "long": lambda request: http.HttpResponse("compress me " * 100),
    "long-etag": lambda request: http.HttpResponse("compress me " * 100, headers={"ETag": '"strong"'}),
    "long-encoded": lambda request: http.HttpResponse(
        "compress me " * 100, headers={"Content-Encoding": "br"}
    ),
    "long-stream": lambda request: http.StreamingHttpResponse(
        (b"compress me " * 50 for _ in range(3)), headers={"Content-Length": "1800", "ETag": '"s"'}
    ),
    "prefix": lambda request: http.HttpResponse(urls.get_script_prefix()),
    "framed": lambda request: http.HttpResponse("x", headers={"X-Frame-Options": "SAMEORIGIN"}),
    "length": lambda request: http.HttpResponse("abc", headers={"Content-Length": "99"}),
}
