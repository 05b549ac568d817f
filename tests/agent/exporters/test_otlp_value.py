import pytest

from penstock.agent.exporters.otlp_value import any_value, attributes, nanoseconds, resource


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        pytest.param("caf\xe9", "string_value", "caf\xe9", id="text"),
        pytest.param("\ud800", "string_value", "?", id="lone-surrogate"),
        pytest.param(True, "bool_value", True, id="truth"),
        pytest.param(-(1 << 63), "int_value", -(1 << 63), id="least"),
        pytest.param(1 << 63, "string_value", "9223372036854775808", id="too-large"),
        pytest.param(0.5, "double_value", 0.5, id="number"),
    ],
)
def test_value_has_the_type_that_it_had(value, field, expected):
    message = any_value(value)
    assert message.WhichOneof("value") == field
    assert getattr(message, field) == expected


def test_attributes_keep_their_order():
    assert [pair.key for pair in attributes([("b", 1), ("a", 2)])] == ["b", "a"]
    assert [pair.key for pair in resource({"service.name": "x"}).attributes] == ["service.name"]


@pytest.mark.parametrize(("value", "expected"), [(-1, 0), (5, 5), (1 << 70, (1 << 64) - 1)])
def test_moment_fits_into_its_field(value, expected):
    assert nanoseconds(value) == expected
