import os

import django.core.exceptions as theirs
import pytest
from django.test import RequestFactory as DjangoFactory
from django.views.static import serve as serve_of_django
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.http import Http404
from penstock.web.test import RequestFactory
from penstock.web.views.static import serve, was_modified_since

MOMENT_S = 1_700_000_000


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "public/a b.css").write_text("body {}")
    (tmp_path / "public/data.json.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "public/none.unknown-type").write_text("x")
    (tmp_path / "public/loop").symlink_to("loop")
    (tmp_path / "public/sub").mkdir()
    (tmp_path / "public/sub/.hidden").write_text("")
    os.utime(tmp_path / "public/a b.css", (MOMENT_S, MOMENT_S))
    return tmp_path / "public"


def ask(folder, path, show_indexes=False, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return serve(
        RequestFactory().get("/", headers=named), path, document_root=folder, show_indexes=show_indexes
    )


def test_file_comes_with_its_type_and_date(folder):
    response = ask(folder, "a b.css")
    assert b"".join(response.streaming_content) == b"body {}"
    assert response["Content-Type"] == "text/css"
    assert response["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    response.close()


@pytest.mark.parametrize(
    ("path", "content_type", "encoding"),
    [("data.json.gz", "application/json", "gzip"), ("none.unknown-type", "application/octet-stream", None)],
)
def test_type_is_told_by_the_name(folder, path, content_type, encoding):
    response = ask(folder, path)
    assert (response["Content-Type"], response.get("Content-Encoding")) == (content_type, encoding)
    response.close()


def test_client_that_has_the_file_is_told_so(folder):
    assert ask(folder, "a b.css", if_modified_since="Tue, 14 Nov 2023 22:13:20 GMT").status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "nothing",
        "a\0b",
        "sub/",
        "a" * 5000,
        "loop/x",
    ],
)
def test_what_is_no_file_of_the_folder_is_404(folder, path):
    with pytest.raises(Http404):
        ask(folder, path)


@pytest.mark.parametrize("path", ["../secret.txt", "sub/../../secret.txt", ".."])
def test_path_that_leads_out_of_the_folder_is_an_attack(folder, path):
    with pytest.raises(SuspiciousFileOperation, match="expected one below it"):
        ask(folder, path)
    with pytest.raises(theirs.SuspiciousFileOperation):
        serve_of_django(DjangoFactory().get("/"), path, document_root=folder)


def test_folder_is_listed_if_that_is_allowed(folder):
    page = ask(folder, "", show_indexes=True).text
    assert '<a href="./a%20b.css">a b.css</a>' in page
    assert '<a href="./sub/">sub/</a>' in page
    below = ask(folder, "sub", show_indexes=True).text
    assert '<a href="../">' in below
    assert ".hidden" not in below


def test_name_is_escaped_in_a_list(folder):
    (folder / "<b>").write_text("")
    assert "<b>" not in ask(folder, "", show_indexes=True).text


@pytest.mark.parametrize(
    ("header", "mtime", "expected"),
    [
        (None, 0, True),
        ("Tue, 14 Nov 2023 22:13:20 GMT", MOMENT_S + 0.9, False),
        ("Tue, 14 Nov 2023 22:13:20 GMT", MOMENT_S + 1, True),
        ("nonsense", 0, True),
    ],
)
def test_date_decides_in_whole_seconds(header, mtime, expected):
    assert was_modified_since(header, mtime) is expected


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["..", ".", "", "sub", "a b.css", "secret.txt", "\0", "\\", "%2e%2e", "é"]),
        max_size=7,
    ).map("/".join)
)
def test_any_path_gives_a_file_of_the_folder_or_none(folder, path):
    try:
        response = ask(folder, path)
    except (Http404, SuspiciousFileOperation):
        return
    assert b"".join(response.streaming_content) == b"body {}"
    response.close()
