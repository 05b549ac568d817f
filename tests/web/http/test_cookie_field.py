"""Set-Cookie as the standard library writes it, whatever attributes a cookie has."""

from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.http.cookie import set_cookie_field

text = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "domain": text,
        "expires": text | st.integers(0, 10),
        "httponly": st.booleans() | text,
        "max-age": st.integers() | text | st.none(),
        "path": text,
        "samesite": st.sampled_from(["Lax", "None", ""]),
        "secure": st.booleans(),
        "comment": text,
        "version": text,
    },
)


@given(st.text(max_size=8), attributes)
def test_field_of_any_cookie_is_what_the_standard_library_writes(value, attributes):
    jar = SimpleCookie()
    try:
        jar["name"] = value
    except Exception:  # noqa: BLE001  (newer Pythons refuse control characters)
        return
    for attribute, setting in attributes.items():
        jar["name"][attribute] = setting
    if isinstance(attributes.get("expires"), int):
        # That is seconds from now, and now is another second sometimes.
        assert set_cookie_field(jar["name"]).startswith(jar["name"].OutputString()[:20])
    else:
        assert set_cookie_field(jar["name"]) == jar["name"].OutputString()


@pytest.mark.parametrize("name", ["comment", "version"])
def test_rare_attribute_is_written_too(name):
    jar = SimpleCookie("a=b")
    jar["a"][name] = "x"
    assert "x" in set_cookie_field(jar["a"])
