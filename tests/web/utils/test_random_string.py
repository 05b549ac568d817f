"""Random strings: of the right characters, all of them alike."""

import collections
import string

import pytest

from penstock.web.utils.crypto import get_random_string


@pytest.mark.parametrize(
    "characters",
    [
        pytest.param(string.ascii_letters + string.digits, id="usual"),
        pytest.param("ab", id="two"),
        pytest.param("a", id="one"),
        pytest.param("\u20ac\u00e4x", id="not-ascii"),
        pytest.param("ab" * 200, id="more-than-bytes"),
    ],
)
@pytest.mark.parametrize("length", [0, 1, 32, 1000])
def test_random_string_has_its_length_and_only_what_is_allowed(characters, length):
    drawn = get_random_string(length, characters)
    assert len(drawn) == length
    assert set(drawn) <= set(characters)


def test_characters_are_drawn_alike_though_256_is_no_multiple_of_their_number():
    characters = "".join(map(chr, range(33, 33 + 90)))  # 76 of 256 bytes are left out
    counts = collections.Counter(get_random_string(90_000, characters))
    # Each 1,000 times, with a deviation of 31: beyond eight of them, something is wrong.
    assert 750 < min(counts.values()) <= max(counts.values()) < 1250


def test_two_random_strings_differ():
    assert get_random_string(32) != get_random_string(32)
