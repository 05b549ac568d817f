"""conf/urls/static.py, beside Django's."""

import django.conf.urls.static as theirs
import pytest
from django.core.exceptions import ImproperlyConfigured as DjangoImproperlyConfigured
from django.test import override_settings as django_settings

from penstock.web.conf.urls.static import static
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.http import HttpResponse
from penstock.web.test import Client
from penstock.web.urls import path

PREFIXES = [
    "/media/",
    "media/",
    "//media/",
    "/me.dia/",
    "/",
    "https://cdn.example.com/media/",
    "//cdn/media/",
]


@pytest.mark.parametrize("is_debug", [True, False], ids=["debug", "production"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_prefix_makes_the_routes_that_django_makes(override, prefix, is_debug):
    override(DEBUG=is_debug)
    with django_settings(DEBUG=is_debug):
        expected = [str(each.pattern) for each in theirs.static(prefix, document_root="/")]
    assert [str(each.pattern) for each in static(prefix, document_root="/")] == expected


def test_empty_prefix_is_refused_where_it_would_take_all_paths():
    with pytest.raises(ImproperlyConfigured, match="expected a path"):
        static("")
    with pytest.raises(DjangoImproperlyConfigured):
        theirs.static("")


def test_file_below_the_prefix_is_served_while_developing(override, urlconf, tmp_path):
    (tmp_path / "cat.txt").write_text("purr")
    override(DEBUG=True)
    urlconf(path("", lambda request: HttpResponse()), *static("/media/", document_root=tmp_path))
    response = Client().get("/media/cat.txt")
    assert (response.status_code, response.getvalue()) == (200, b"purr")
    assert Client().get("/media/dog.txt").status_code == 404


def test_view_of_ones_own_gets_path_and_arguments(override, urlconf):
    def shown(request, path, colour):
        return HttpResponse(f"{path} {colour}")

    override(DEBUG=True)
    urlconf(*static("files/", view=shown, colour="red"))
    assert Client().get("/files/a/b").text == "a/b red"
