"""Form fields."""

import copy
import pickle
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.exceptions import TooManyFieldsSent
from penstock.web.http import QueryDict


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        pytest.param(None, {}, id="none"),
        pytest.param("", {}, id="empty"),
        pytest.param("a=1&a=2&b=3", {"a": ["1", "2"], "b": ["3"]}, id="plain"),
        pytest.param("a&b=&=c&&d", {"a": [""], "b": [""], "": ["c"], "d": [""]}, id="blanks"),
        pytest.param("a=b=c", {"a": ["b=c"]}, id="equals-sign-in-value"),
        pytest.param("a+b=c%20d&e=%C3%A9", {"a b": ["c d"], "e": ["é"]}, id="escaped"),
        pytest.param("a=%ff&b=%zz&c=%", {"a": ["\ufffd"], "b": ["%zz"], "c": ["%"]}, id="badly-escaped"),
        pytest.param("a;b=1", {"a;b": ["1"]}, id="semicolon-separates-nothing"),
        pytest.param("a=é".encode(), {"a": ["é"]}, id="bytes"),
        pytest.param(b"a=\xff", {"a": ["ÿ"]}, id="bytes-that-are-not-utf-8"),
    ],
)
def test_query_string_is_taken_apart(query, fields):
    assert dict(QueryDict(query).lists()) == fields


@given(st.text(alphabet="ab=&+% 1é"))
def test_any_query_string_is_read_as_the_standard_library_reads_it(query):
    expected = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        expected.setdefault(name, []).append(value)
    assert dict(QueryDict(query).lists()) == expected


@given(st.binary())
def test_any_bytes_are_read_as_text(query):
    fields = QueryDict(query)
    assert all(isinstance(text, str) for name, values in fields.lists() for text in (name, *values))


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))))
def test_what_is_encoded_is_decoded(pairs):
    fields = QueryDict(urlencode(pairs), mutable=True)
    assert sorted((name, value) for name, values in fields.lists() for value in values) == sorted(pairs)
    assert QueryDict(fields.urlencode()) == fields


def test_other_encodings_are_read_and_written():
    fields = QueryDict("cur=%A4", encoding="iso-8859-15")
    assert (fields["cur"], fields.encoding, fields.urlencode()) == ("€", "iso-8859-15", "cur=%A4")
    fields.encoding = None
    assert fields.encoding == "utf-8"


def test_encoding_that_does_not_exist_matters_only_where_it_is_needed():
    assert QueryDict("a=b", encoding="nope")["a"] == "b"
    with pytest.raises(LookupError):
        QueryDict("a=%e9", encoding="nope")


def test_fields_beyond_the_limit_are_refused_before_they_are_split(override):
    override(DATA_UPLOAD_MAX_NUMBER_FIELDS=2)
    assert len(QueryDict("a=1&b=2")) == 2
    with pytest.raises(TooManyFieldsSent, match="DATA_UPLOAD_MAX_NUMBER_FIELDS"):
        QueryDict("&" * 2)
    override(DATA_UPLOAD_MAX_NUMBER_FIELDS=None)
    assert len(QueryDict("&".join(map(str, range(5000))))) == 5000


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields.__setitem__("a", "1"),
        lambda fields: fields.__delitem__("a"),
        lambda fields: fields.setlist("a", []),
        lambda fields: fields.setlistdefault("b"),
        lambda fields: fields.appendlist("a", "2"),
        lambda fields: fields.update({"b": "1"}),
        lambda fields: fields.pop("a"),
        lambda fields: fields.popitem(),
        lambda fields: fields.setdefault("b"),
        lambda fields: fields.clear(),
    ],
)
def test_every_change_is_refused_unless_it_is_mutable(change):
    with pytest.raises(AttributeError, match="This QueryDict instance is immutable"):
        change(QueryDict("a=1"))
    change(QueryDict("a=1", mutable=True))


def test_bytes_put_in_become_text():
    fields = QueryDict(mutable=True)
    fields[b"a"] = b"\xc3\xa9"
    fields.appendlist(b"a", b"2")
    fields.setlist(b"b", [b"3"])
    fields.setdefault(b"c", b"4")
    assert dict(fields.lists()) == {"a": ["é", "2"], "b": ["3"], "c": ["4"]}


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, QueryDict.copy])
def test_copy_may_be_changed_and_keeps_the_encoding(duplicate):
    fields = QueryDict("a=1", encoding="latin-1")
    made = duplicate(fields)
    made.appendlist("b", "2")
    assert (made.encoding, dict(fields.lists())) == ("latin-1", {"a": ["1"]})


def test_deep_copy_shares_no_list():
    fields = QueryDict("a=1", mutable=True)
    fields.copy().appendlist("a", "2")
    assert fields.getlist("a") == ["1"]


def test_pickled_fields_are_equal_and_immutable():
    fields = pickle.loads(pickle.dumps(QueryDict("a=1&a=2")))
    assert fields == QueryDict("a=1&a=2")
    with pytest.raises(AttributeError):
        fields["b"] = "1"


@pytest.mark.parametrize(
    ("query", "safe", "encoded"),
    [
        ("a=/ b", None, "a=%2F+b"),
        ("a/=/%20b", "/", "a/=/%20b"),
        ("a=1&b=2&a=3", None, "a=1&a=3&b=2"),
    ],
)
def test_fields_are_encoded(query, safe, encoded):
    assert QueryDict(query).urlencode(safe) == encoded


def test_values_that_are_no_text_are_encoded_as_text():
    fields = QueryDict(mutable=True)
    fields["a"] = 1
    assert fields.urlencode() == "a=1"


def test_fields_are_made_from_names():
    assert QueryDict.fromkeys("aab", value="1") == QueryDict("a=1&a=1&b=1")
    assert QueryDict.fromkeys("a", mutable=True).popitem() == ("a", [""])
