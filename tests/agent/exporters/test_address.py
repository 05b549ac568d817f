import pytest

from penstock.agent.exporters.address import OTLPOptionError, parse_collector_address, service_of


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("http://localhost:4318", ("localhost", 4318, False, "")),
        ("https://otlp.example/base/", ("otlp.example", 443, True, "/base")),
        ("http://[::1]:4318/", ("::1", 4318, False, "")),
        ("http://collector", ("collector", 80, False, "")),
    ],
)
def test_endpoint_says_where_the_collector_is(endpoint, expected):
    found = parse_collector_address(endpoint)
    assert (found.host, found.port, found.is_secure, found.path) == expected


@pytest.mark.parametrize(
    "endpoint",
    [
        "localhost:4318",
        "grpc://localhost:4317",
        "http://",
        "http://host:port",
        "http://host:70000",
        "http://user:secret@host",
        "http://host/?a=1",
        "http://host/a b",
        "http://[::1",
        "",
    ],
)
def test_endpoint_that_is_none_is_refused(endpoint):
    with pytest.raises(OTLPOptionError, match=r"otlp_endpoint .*; expected "):
        parse_collector_address(endpoint)


def test_fields_are_sent_along():
    found = parse_collector_address("http://host", ["Authorization: Bearer abc def", "x-key:1"])
    assert found.fields == {"Authorization": "Bearer abc def", "x-key": "1"}


@pytest.mark.parametrize(
    "text", ["no-colon", ": value", "name:", "na me: x", "name: a\r\nb: c", "Content-Length: 5", "HOST: x"]
)
def test_field_that_cannot_be_sent_is_refused(text):
    with pytest.raises(OTLPOptionError, match=r"otlp_headers with .*; expected "):
        parse_collector_address("http://host", [text])


def test_refusal_of_a_field_does_not_show_its_value():
    with pytest.raises(OTLPOptionError) as caught:
        parse_collector_address("http://host", ["Authorization: secret\n"])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("application", "name"),
    [("mysite.wsgi:app", "mysite.wsgi"), ("mysite.wsgi", "mysite.wsgi"), ("", "penstock")],
)
def test_service_is_named_after_the_module(application, name):
    assert service_of(application) == name
