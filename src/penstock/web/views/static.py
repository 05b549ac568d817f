"""Files of a directory, while developing; in production a web server or whitenoise does this.

In:     a request, a path, a directory.
Out:    the file with its type and date; 304 if the client has it; a list of the directory if that is allowed.
Never:  leaves the directory.
Rules:  Django's; RFC 9110 section 13.1.3.
"""

import mimetypes
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.http import FileResponse, Http404, HttpResponse, HttpResponseNotModified
from penstock.web.template import TemplateDoesNotExist, loader
from penstock.web.utils.html import escape
from penstock.web.utils.http import http_date, parse_http_date

if TYPE_CHECKING:
    from penstock.web.http import HttpRequest
    from penstock.web.http.response import HttpResponseBase


def serve(
    request: "HttpRequest",
    path: str,
    document_root: Any = None,
    show_indexes: bool = False,
) -> "HttpResponseBase":
    """Answer with the file `path` below `document_root`.

    Raises:
        Http404: there is none, or it is a directory and `show_indexes` is not set.
        SuspiciousFileOperation: it is outside; answered with 400, as Django does.
    """
    relative = posixpath.normpath(path).lstrip("/")
    root = Path(document_root)
    file = Path(root, relative)
    # After normpath, what is left of ".." stands at the beginning.
    if relative.split("/")[0] == "..":
        raise SuspiciousFileOperation(f"path {path!r} leads out of {str(root)!r}; expected one below it")
    if "\0" in relative:
        raise Http404(f"path {path!r} has a null character; expected the name of a file")
    try:
        is_directory = file.is_dir()
        if not file.exists():
            raise Http404(f"no file {str(file)!r}")
    except OSError as error:  # a name that is too long, a loop of links
        raise Http404(f"no file {path!r}: {error.strerror}") from error
    if not is_directory:
        return _answer(request, file)
    if not show_indexes:
        raise Http404(f"{str(file)!r} is a directory; expected a file, as show_indexes is off")
    return directory_index(relative, file)


def _answer(request: "HttpRequest", file: Path) -> "HttpResponseBase":
    modified_s = file.stat().st_mtime
    if not was_modified_since(request.META.get("HTTP_IF_MODIFIED_SINCE"), modified_s):
        return HttpResponseNotModified()
    content_type, encoding = mimetypes.guess_type(str(file))
    response = FileResponse(file.open("rb"), content_type=content_type or "application/octet-stream")
    fields = {"Last-Modified": http_date(modified_s), "Content-Encoding": encoding}
    response.headers.update({name: value for name, value in fields.items() if value})
    return response


def was_modified_since(header: str | None = None, mtime: float = 0) -> bool:
    """Tell whether a file of that date, in seconds since 1970, is newer than what If-Modified-Since says."""
    if header is None:
        return True
    try:
        return int(mtime) > parse_http_date(header)
    except (ValueError, OverflowError):
        return True


def directory_index(path: str, fullpath: Path) -> HttpResponse:
    """Answer with the names in a directory, by the template `static/directory_index.html` or a plain list."""
    shown = (each for each in Path(fullpath).iterdir() if not each.name.startswith("."))
    names = sorted(f"{each.name}/" if each.is_dir() else each.name for each in shown)
    directory = "" if path in (".", "") else path.rstrip("/") + "/"
    try:
        template = loader.select_template(["static/directory_index.html", "static/directory_index"])
    except TemplateDoesNotExist:
        return HttpResponse(_plain_index(directory, names))
    return HttpResponse(template.render({"directory": directory, "file_list": names}))


def _plain_index(directory: str, names: list[str]) -> str:
    title = f"Index of {escape(directory or '/')}"
    links = ["../"] * bool(directory) + names
    items = "\n".join(f'<li><a href="{_link(name)}">{escape(name)}</a></li>' for name in links)
    return (
        f'<!doctype html>\n<html lang="en"><head><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1>\n<ul>\n{items}\n</ul></body></html>\n"
    )


def _link(name: str) -> str:
    """Return a relative reference: a name with a colon would be read as a scheme."""
    return name if name == "../" else "./" + quote(name)
