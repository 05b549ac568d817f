"""Requests made by our factories and by Django's: the same environ, the same body, or the same error."""

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from penstock.web.test import client as ours

pytest.importorskip("django", reason="compares with Django")
from django.test import client as theirs

texts = st.text(st.characters(codec="utf-8"), max_size=8)
paths = st.one_of(
    texts.map("/{}".format),
    st.text(alphabet="/a?=&;%2é#.:", max_size=16).map("/{}".format),
    st.sampled_from(["", "//x", "////x", "http://other.example/x?y=1", "?a=1", "relative"]),
)
fields = st.dictionaries(
    st.text(alphabet="abé", min_size=1, max_size=3),
    st.one_of(
        texts, st.integers(), st.booleans(), st.none(), st.lists(st.one_of(texts, st.integers()), max_size=2)
    ),
    max_size=3,
)
methods_with_query = st.sampled_from(["get", "head"])
methods_with_body = st.sampled_from(["post", "put", "patch", "delete", "options"])
content_types = st.sampled_from(
    [
        "application/json",
        "text/plain; charset=latin-1",
        "application/vnd.api+json",
        "application/octet-stream",
    ]
)
common = st.fixed_dictionaries(
    {},
    optional={
        "secure": st.booleans(),
        "headers": st.sampled_from([None, {"X-A": "1"}, {"x_a": "é"}]),
        "query_params": st.sampled_from([None, {"q": ["1", "é"]}]),
        "HTTP_X_B": st.just("2"),
        "QUERY_STRING": st.just("given=1"),
    },
)
factories = st.sampled_from(["RequestFactory", "AsyncRequestFactory"])


def made(package, factory, method, *args, **kwargs):
    """Return what a factory's request is, or the kind of its error."""
    if factory == "AsyncRequestFactory":
        kwargs.pop("QUERY_STRING", None)  # Django makes a header of it where there is a query besides
        if "charset" in kwargs.get("content_type", ""):
            kwargs["content_type"] = (
                "text/plain"  # Django reads the query of a scope as UTF-8 whatever it says
            )
    try:
        request = getattr(getattr(package, factory)(), method)(*args, **kwargs)
        body = request.body
    except Exception as error:  # noqa: BLE001 -- which one is the outcome
        return type(error).__name__
    meta = {name: value for name, value in request.META.items() if not name.startswith("wsgi.")}
    return meta, request.method, request.path, dict(request.GET.lists()), body, request.scheme


@settings(deadline=None, max_examples=150)
@given(factories, methods_with_query, paths, st.one_of(st.none(), fields), common)
@example("AsyncRequestFactory", "get", "http://other.example/x?y=1", {"a": []}, {})
def test_any_request_with_a_query_is_django_s(factory, method, path, data, arguments):
    outcomes = [made(package, factory, method, path, data, **arguments) for package in (ours, theirs)]
    assert outcomes[0] == outcomes[1]


@settings(deadline=None, max_examples=150)
@given(
    factories,
    methods_with_body,
    paths,
    st.one_of(texts, st.binary(max_size=9), fields),
    content_types,
    common,
)
def test_any_request_with_a_body_is_django_s(factory, method, path, data, content_type, arguments):  # noqa: PLR0917
    outcomes = [
        made(package, factory, method, path, data, content_type=content_type, **arguments)
        for package in (ours, theirs)
    ]
    assert outcomes[0] == outcomes[1]


@settings(deadline=None, max_examples=150)
@given(fields, st.binary(max_size=20), st.sampled_from([None, "a.txt", "/tmp/é.png", 3]))
def test_any_form_is_encoded_as_django_encodes_it(data, content, name):
    def encode(package):
        class Named(io.BytesIO):
            pass

        file = Named(content)
        if name is not None:
            file.name = name
        try:
            return package.encode_multipart("B", {**data, "file": file})
        except TypeError as error:
            return str(error)

    assert encode(ours) == encode(theirs)
