"""Requests without a server."""

import json

import pytest

from penstock.web.test import AsyncRequestFactory, RequestFactory

METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"]
FACTORIES = [RequestFactory, AsyncRequestFactory]


@pytest.mark.parametrize("factory_class", FACTORIES)
@pytest.mark.parametrize("method", METHODS)
def test_request_of_each_method_has_what_it_was_given(factory_class, method):
    make = getattr(factory_class(), method)
    request = make("/é/?x=1", secure=True, headers={"X-Thing": "1"}, query_params={"q": ["a", "b"]})
    assert (request.method, request.is_secure()) == (method.upper(), True)
    assert request.headers["x-thing"] == "1"
    assert request.GET.getlist("q") == ["a", "b"]
    assert "x" not in request.GET


@pytest.mark.parametrize("given", [{"data": {"a": []}}, {"query_params": {"a": []}}], ids=["data", "query"])
@pytest.mark.parametrize(("factory_class", "expected"), [(RequestFactory, "y=1"), (AsyncRequestFactory, "")])
def test_query_without_values_replaces_the_path_s_in_a_scope_alone(factory_class, expected, given):
    assert factory_class().get("/?y=1", **given).META["QUERY_STRING"] == expected  # as Django's do


def test_environ_is_such_as_a_server_makes():
    request = RequestFactory(REMOTE_ADDR="10.0.0.1").get("/é;x/?y=é#fragment", HTTP_HOST="other")
    meta = request.META
    assert (
        request.path,
        meta["SERVER_NAME"],
        meta["SERVER_PORT"],
        meta["HTTP_HOST"],
        meta["REMOTE_ADDR"],
    ) == (
        "/é;x/",
        "testserver",
        "80",
        "other",
        "10.0.0.1",
    )
    assert request.GET["y"] == "é"


@pytest.mark.parametrize("factory_class", FACTORIES)
@pytest.mark.parametrize("method", ["get", "head"])
def test_data_of_a_get_is_the_query_string_and_stands_alone(factory_class, method):
    make = getattr(factory_class(), method)
    assert make("/?a=0", {"a": [1, 2]}).GET.getlist("a") == ["1", "2"]
    assert make("/?a=0").GET["a"] == "0"
    with pytest.raises(ValueError, match="query_params and data arguments are mutually exclusive"):
        make("/", {"a": 1}, query_params={"b": 2})
    with pytest.raises(TypeError):
        make("/", {"a": None})


@pytest.mark.parametrize("factory_class", FACTORIES)
def test_form_is_multipart_unless_said_otherwise(factory_class):
    factory = factory_class()
    assert factory.post("/", {"a": "1"}).POST["a"] == "1"
    request = factory.post("/", "a=1", content_type="application/x-www-form-urlencoded")
    assert request.POST["a"] == "1"
    assert factory.post("/").POST == {}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("content_type", ["application/json", "application/vnd.api+json; charset=utf-8"])
def test_document_is_encoded_as_json(method, content_type):
    request = getattr(RequestFactory(), method)("/", {"a": [1]}, content_type=content_type)
    assert json.loads(request.body) == {"a": [1]}


def test_text_is_encoded_in_the_charset_of_its_type():
    request = RequestFactory().post("/", "é", content_type="text/plain; charset=latin-1")
    assert request.body == b"\xe9"


def test_cookies_and_defaults_are_in_each_request():
    factory = RequestFactory(headers={"X-A": "1"}, query_params={"q": "1"})
    factory.cookies["b"], factory.cookies["a"] = "2", "1"
    request = factory.get("/")
    assert (request.META["HTTP_COOKIE"], request.headers["X-A"]) == ("a=1; b=2", "1")
    assert (request.GET["q"], factory.post("/?q=2").GET["q"]) == ("1", "2")


def test_asynchronous_request_has_fields_by_name():
    factory = AsyncRequestFactory(**{"X-Default": "d"})
    request = factory.put("/", b"body", AUTHORIZATION="t", X_OTHER="o", headers={"X-Third": "3"})
    assert [request.headers[name] for name in ("x-default", "authorization", "x-other", "x-third")] == list(
        "dto3"
    )
    assert (request.headers["content-length"], request.body) == ("4", b"body")


def test_asynchronous_request_without_a_body_ends():
    request = AsyncRequestFactory().generic("GET", "/?a=1")
    assert (request.read(200), request.GET["a"]) == (b"", "1")
