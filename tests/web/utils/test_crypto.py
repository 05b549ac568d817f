"""utils/crypto.py; random strings have test_random_string.py."""

import hashlib

import pytest
from django.utils import crypto as theirs

from penstock.web.utils import crypto


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_salted_digest_is_djangos(algorithm):
    mine = crypto.salted_hmac("salt", "value", "secret", algorithm=algorithm)
    assert mine.hexdigest() == theirs.salted_hmac("salt", "value", "secret", algorithm=algorithm).hexdigest()


def test_a_salted_digest_is_made_with_the_secret_key(override):
    override(SECRET_KEY="a")
    first = crypto.salted_hmac("salt", "value").digest()
    assert first == crypto.salted_hmac(b"salt", b"value", b"a").digest()


def test_an_algorithm_that_is_not_there_is_named():
    with pytest.raises(crypto.InvalidAlgorithm, match="'rot13'"):
        crypto.salted_hmac("salt", "value", "secret", algorithm="rot13")


@pytest.mark.parametrize(("one", "other", "equal"), [("a", b"a", True), ("é", "é", True), ("a", "b", False)])
def test_texts_are_compared(one, other, equal):
    assert crypto.constant_time_compare(one, other) is equal


@pytest.mark.parametrize("digest", [None, hashlib.sha1])
def test_a_derived_key_is_djangos(digest):
    assert crypto.pbkdf2("password", "salt", 3, 20, digest) == theirs.pbkdf2(
        "password", "salt", 3, 20, digest
    )
