"""core/signing.py: the same SECRET_KEY reads Django's signatures, and Django ours."""

import datetime as dt
import time

import pytest
from django.core import signing as theirs
from django.test.utils import override_settings
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core import signing as ours

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)
KEY = "secret of the tests"


@pytest.fixture(autouse=True)
def same_keys(override):
    override(SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=["older"])
    with override_settings(SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=["older"]):
        yield


@pytest.mark.parametrize("signer", ["Signer", "TimestampSigner"])
@pytest.mark.parametrize(
    "options", [{}, {"salt": "s"}, {"sep": "/"}, {"algorithm": "sha1"}, {"key": "k"}], ids=str
)
def test_what_one_signs_the_other_reads(signer, options):
    mine, django = getattr(ours, signer)(**options), getattr(theirs, signer)(**options)
    assert mine.unsign(django.sign("välue:x")) == "välue:x"
    assert django.unsign(mine.sign("välue:x")) == "välue:x"


@pytest.mark.parametrize("compress", [False, True])
@given(value=JSON)
def test_objects_are_read_by_both(compress, value):
    assert ours.loads(theirs.dumps(value, key=KEY, compress=compress), key=KEY, max_age=9) == value
    assert theirs.loads(ours.dumps(value, key=KEY, compress=compress), key=KEY, max_age=9) == value


def test_a_cookie_signed_by_django_is_read():
    assert ours.get_cookie_signer(salt="s").unsign(theirs.get_cookie_signer(salt="s").sign("v")) == "v"
    assert ours.get_cookie_signer().unsign(theirs.get_cookie_signer().sign("v")) == "v"


def test_an_older_key_reads_and_does_not_sign():
    assert ours.Signer().unsign(ours.Signer(key="older").sign("v")) == "v"
    with pytest.raises(ours.BadSignature):
        ours.Signer(key="older", fallback_keys=[]).unsign(ours.Signer().sign("v"))


def test_a_subclass_of_a_project_signs_under_its_own_name():
    class Own(ours.Signer):
        pass

    assert Own().salt == f"{__name__}.Own"
    assert ours.Signer().salt == "django.core.signing.Signer"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda signed: signed.replace(":", ""), "has no ':'", id="no-separator"),
        pytest.param(lambda signed: signed[:-1] + "?", "is not ours", id="signature"),
        pytest.param(lambda signed: "x" + signed, "is not ours", id="value"),
        pytest.param(lambda signed: signed + "é", "is not ours", id="beyond-ascii"),
        pytest.param(lambda signed: "", "has no ':'", id="empty"),
    ],
)
def test_a_value_that_was_changed_is_refused(change, message):
    with pytest.raises(ours.BadSignature, match=message):
        ours.Signer().unsign(change(ours.Signer().sign("value")))


def test_a_signature_of_another_salt_is_refused():
    with pytest.raises(ours.BadSignature):
        ours.loads(ours.dumps(1, salt="a"), salt="b")


@pytest.mark.parametrize("max_age", [10, 10.5, dt.timedelta(seconds=10)])
def test_a_signature_grows_old(max_age, monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    signed = ours.TimestampSigner().sign("v")
    monkeypatch.setattr(time, "time", lambda: now + 9)
    assert ours.TimestampSigner().unsign(signed, max_age=max_age) == "v"
    monkeypatch.setattr(time, "time", lambda: now + 12)
    with pytest.raises(ours.SignatureExpired, match="expected at most 10"):
        ours.TimestampSigner().unsign(signed, max_age=max_age)
    assert ours.TimestampSigner().unsign(signed) == "v"


@pytest.mark.parametrize("sep", ["", "a", "-", "=", "_", "A1"])
def test_a_separator_that_values_may_have_is_refused(sep):
    with pytest.raises(ValueError, match="separator"):
        ours.Signer(sep=sep)


@given(st.integers())
def test_numbers_in_base_62_are_djangos(number):
    assert ours.b62_encode(number) == theirs.b62_encode(number)
    assert ours.b62_decode(ours.b62_encode(number)) == number


def test_what_is_no_base_62_is_refused():
    with pytest.raises(ValueError, match="substring"):
        ours.b62_decode("!")


@given(st.binary())
def test_bytes_in_base_64_come_back(raw):
    assert ours.b64_decode(ours.b64_encode(raw)) == raw
    assert b"=" not in ours.b64_encode(raw)


def test_an_object_is_compressed_only_if_that_pays():
    assert ours.dumps("x" * 500, compress=True).startswith(".")
    assert not ours.dumps("x", compress=True).startswith(".")
    assert ours.loads(ours.dumps("x" * 500, compress=True)) == "x" * 500
