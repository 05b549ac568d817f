import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True)
class Example:
    some_s: float = option(3.0, help="some time", reason="because", unit="s", flag="some", minimum=0.0)


def test_option_is_a_field_with_its_default() -> None:
    assert Example().some_s == 3.0


def test_option_keeps_what_the_manual_needs() -> None:
    (field,) = dataclasses.fields(Example)
    assert dict(field.metadata) == {
        "help": "some time",
        "reason": "because",
        "unit": "s",
        "flag": "some",
        "short": "",
        "choices": (),
        "minimum": 0.0,
        "maximum": None,
        "secret": False,
    }
