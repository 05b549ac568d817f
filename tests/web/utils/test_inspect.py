import pytest

from penstock.web.utils.inspect import func_accepts_kwargs


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda a, b=1: None, False),
        (lambda **kwargs: None, True),
        (lambda *args: None, False),
        (dict.get, False),
    ],
)
def test_function_takes_any_keyword_or_not(function, expected):
    assert func_accepts_kwargs(function) is expected
