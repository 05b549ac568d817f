import re

import pytest

from penstock.cli.project.reach import reached_names

PREFIX = re.compile(r"django(\.|$)")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            "from django.views import generic\ngeneric.A", [(2, "django.views.generic.A")], id="from"
        ),
        pytest.param("from django import http as h\nh.A", [(2, "django.http.A")], id="renamed"),
        pytest.param("import django.http as h\nh.A", [(2, "django.http.A")], id="import-renamed"),
        pytest.param(
            "import django.utils.x\ndjango.utils.x.A",
            [(2, "django.utils.x.A"), (2, "django.utils.x"), (2, "django.utils")],
            id="import",
        ),
        pytest.param(
            "def f():\n    from django import http\n    http.A()", [(3, "django.http.A")], id="inside"
        ),
        pytest.param("import os\nos.path", [], id="others"),
        pytest.param("from . import http\nhttp.A", [], id="own"),
        pytest.param("http.A", [], id="unknown"),
        pytest.param("from django import http\nf().A", [], id="of-a-call"),
        pytest.param("from django import http\nhttp = 1\nhttp.A", [], id="variable"),
        pytest.param("from django import http\ndef f(http):\n    http.A", [], id="parameter"),
        pytest.param("from django import http\ndef http(): ...\nhttp.A", [], id="function"),
        pytest.param("from django import http\nclass http: ...\nhttp.A", [], id="class"),
        pytest.param("from django import http\nfor http in x:\n    http.A", [], id="loop"),
        pytest.param("from django import e\ntry: ...\nexcept E as e:\n    e.A", [], id="exception"),
        pytest.param("from django import m\nmatch x:\n    case [m, *r]:\n        m.A", [], id="match"),
        pytest.param(
            "try:\n    from django.utils import six\nexcept ImportError:\n    import six\nsix.A",
            [],
            id="either",
        ),
    ],
)
def test_attributes_are_traced_to_what_was_imported(source: str, expected: list[tuple[int, str]]) -> None:
    assert list(reached_names(source.encode(), PREFIX)) == expected
