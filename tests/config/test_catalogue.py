import dataclasses

import pytest

from penstock.config.catalogue import OPTIONS, SECTIONS, Config, Kind, Option

# The design's table of defaults.
DESIGN = {
    "workers": 0,
    "threads": 4,
    "request_timeout_s": 30,
    "request_grace_s": 5,
    "header_timeout_s": 10,
    "body_timeout_s": 30,
    "min_body_rate": 500,
    "write_timeout_s": 30,
    "keep_alive_s": 75,
    "drain_s": 0,
    "graceful_timeout_s": 30,
    "max_request_line_bytes": 8 << 10,
    "max_fields": 100,
    "max_head_bytes": 32 << 10,
    "max_body_bytes": 1 << 30,
    "spool_memory_bytes": 512 << 10,
    "max_response_spool_bytes": 64 << 20,
    "ring_bytes": 4 << 20,
}


def test_every_field_of_every_section_is_one_option() -> None:
    fields = [field.name for holder in SECTIONS.values() for field in dataclasses.fields(holder)]
    assert sorted(OPTIONS) == sorted(fields), "two packages use the same name"


def test_config_has_a_value_for_every_option() -> None:
    config = Config()
    values = {key: getattr(getattr(config, option.section), key) for key, option in OPTIONS.items()}
    assert values == {key: option.default for key, option in OPTIONS.items()}


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_every_option_has_help_and_reason(option: Option) -> None:
    assert option.help
    assert option.reason
    assert not option.help.endswith(".")


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_every_number_has_a_unit_and_a_least_value(option: Option) -> None:
    is_number = option.kind in {Kind.WHOLE, Kind.NUMBER}
    assert bool(option.unit) == is_number
    assert (option.minimum is not None) == is_number


@pytest.mark.parametrize(
    ("ending", "unit"), [pytest.param("_s", "s", id="seconds"), pytest.param("_bytes", "bytes", id="bytes")]
)
def test_unit_ends_the_name(ending: str, unit: str) -> None:
    named = {key for key in OPTIONS if key.endswith(ending)}
    assert named == {key for key, option in OPTIONS.items() if option.unit == unit}


@pytest.mark.parametrize(("key", "default"), DESIGN.items(), ids=DESIGN)
def test_default_is_the_one_of_the_design(key: str, default: float) -> None:
    assert OPTIONS[key].default == default


def test_variable_is_the_key_in_capitals() -> None:
    assert OPTIONS["keep_alive_s"].variable == "PENSTOCK_KEEP_ALIVE_S"


def test_flags_and_letters_are_used_once() -> None:
    spellings = [option.flag for option in OPTIONS.values() if option.flag]
    letters = [option.short for option in OPTIONS.values() if option.short]
    assert len(spellings) == len(set(spellings))
    assert len(letters) == len(set(letters))
