from penstock.config.error import ConfigError


def test_error_without_a_hint_is_its_message() -> None:
    assert str(ConfigError("unknown option 'x'")) == "unknown option 'x'"


def test_error_with_a_hint_says_both_in_one_line() -> None:
    assert (
        str(ConfigError("unknown option 'x'", "did you mean 'y'?")) == "unknown option 'x'; did you mean 'y'?"
    )
