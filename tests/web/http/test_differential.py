"""Random programs on responses and form fields: ours and Django's end the same, or fail the same."""

import copy
import datetime as dt
import io
import pickle
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.web import http as ours

theirs = pytest.importorskip("django.http", reason="compares with Django")

NOW = 1_700_000_000.0
PAST = dt.datetime(2001, 2, 3, 4, 5, 6, tzinfo=dt.UTC)

# What Unicode calls the end of a line has Django fold a header, which ours never does (test_headers.py).
texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=12
)
names = st.one_of(
    st.sampled_from(["X-A", "x-a", "Content-Type", "Vary", "b", b"X-B", 5]), texts, st.binary(max_size=6)
)
values = st.one_of(
    texts,
    st.binary(max_size=8),
    st.integers(),
    st.none(),
    st.sampled_from(["é", "†", "a\r\nb", "text/x; charset=latin-1"]),
)
str_names = st.sampled_from(["X-A", "x-a", "Content-Type", "content-type", "Vary", "none"])
contents = st.one_of(values, st.lists(values, max_size=3), st.dictionaries(texts, texts, max_size=2))
cookie_names = st.sampled_from(["a", "b", "__Host-c", "a b", "", "é"])
cookie_arguments = st.fixed_dictionaries(
    {},
    optional={
        "max_age": st.sampled_from([None, 0, -5, 10, 10.9, dt.timedelta(days=1)]),
        "expires": st.sampled_from([None, "Wed", PAST, PAST.replace(tzinfo=None)]),
        "path": st.sampled_from(["/", None, "", "/x y"]),
        "domain": st.sampled_from([None, "", "d.example"]),
        "secure": st.booleans(),
        "httponly": st.booleans(),
        "samesite": st.sampled_from([None, "", "Lax", "none", "STRICT", "odd"]),
    },
)

steps = st.one_of(
    st.tuples(st.just("set"), names, values),
    st.tuples(st.just("headers.set"), names, values),
    st.tuples(st.just("setdefault"), str_names, values),
    st.tuples(st.just("del"), str_names),
    st.tuples(st.just("get"), str_names),
    st.tuples(st.just("pop"), str_names),
    st.tuples(st.just("content"), contents),
    st.tuples(st.just("write"), values),
    st.tuples(st.just("writelines"), st.lists(values, max_size=3)),
    st.tuples(st.just("charset"), st.sampled_from([None, "latin-1", "utf-16"])),
    st.tuples(st.just("status"), st.sampled_from([200, 404, 299])),
    st.tuples(st.just("reason"), texts),
    st.tuples(st.just("set_cookie"), cookie_names, texts, cookie_arguments),
    st.tuples(st.just("delete_cookie"), cookie_names, st.sampled_from([None, "none", "Lax"])),
    st.tuples(st.just("pickle")),
    st.tuples(st.just("copy")),
)

STEPS = {
    "set": lambda r, name, value: r.__setitem__(name, value),
    "headers.set": lambda r, name, value: r.headers.__setitem__(name, value),
    "setdefault": lambda r, name, value: r.setdefault(name, value),
    "del": lambda r, name: r.__delitem__(name),
    "get": lambda r, name: (r.get(name, 0), r.has_header(name), name in r.headers, r[name]),
    "pop": lambda r, name: r.headers.pop(name),
    "content": lambda r, value: setattr(r, "content", value),
    "write": lambda r, value: r.write(value),
    "writelines": lambda r, lines: r.writelines(lines),
    "charset": lambda r, value: setattr(r, "charset", value),
    "status": lambda r, value: setattr(r, "status_code", value),
    "reason": lambda r, value: setattr(r, "reason_phrase", value),
    "set_cookie": lambda r, name, value, arguments: r.set_cookie(name, value, **arguments),
    "delete_cookie": lambda r, name, samesite: r.delete_cookie(name, samesite=samesite),
}


def tried(function, *args, **kwargs):
    """Return what a call returns, or the kind of its error."""
    try:
        return function(*args, **kwargs)
    except UnicodeError:
        return "UnicodeError"  # which of them depends on who looked first
    except Exception as error:  # noqa: BLE001 -- which one is the outcome
        return type(error).__name__


def seen(response):
    """Return all that can be seen of a response."""
    if isinstance(response, str):
        return response
    return {
        "status": (response.status_code, response.reason_phrase),
        "items": list(response.items()),
        "cookies": response.cookies.output(),
        "charset": response.charset,
        "content": list(response),
        # Last, and once: Django keeps the text that was read even if the response is written to afterwards.
        "text": tried(lambda: response.text),
        "repr": repr(response),
        "headers": repr(response.headers),
        "bytes": tried(bytes, response),
    }


def run(response, program):
    """Take all steps; return what each gave."""
    given_back = []
    for what, *arguments in program:
        if what == "pickle":
            response = pickle.loads(pickle.dumps(response))
        elif what == "copy":
            response = copy.copy(response)
        else:
            given_back.append(tried(STEPS[what], response, *arguments))
    return given_back, seen(response)


arguments_of_responses = st.fixed_dictionaries(
    {},
    optional={
        "content": contents,
        "content_type": st.one_of(
            st.none(), texts, st.sampled_from(["text/plain", 'a/b; charset="latin-1"'])
        ),
        "status": st.one_of(st.none(), st.sampled_from([200, "404", 99, "x", 204.0])),
        "reason": st.one_of(st.none(), texts),
        "charset": st.sampled_from([None, "latin-1", "utf-8"]),
        "headers": st.one_of(
            st.none(), st.dictionaries(st.sampled_from(["X", "content-type"]), values, max_size=2)
        ),
    },
)


@settings(deadline=None, max_examples=300)
@given(arguments_of_responses, st.lists(steps, max_size=8))
def test_any_program_on_a_response_ends_as_on_django_s(arguments, program):
    with mock.patch("time.time", return_value=NOW):
        outcomes = []
        for package in (ours, theirs):
            response = tried(package.HttpResponse, **arguments)
            outcomes.append(response if isinstance(response, str) else run(response, program))
    assert outcomes[0] == outcomes[1]


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(["HttpResponseRedirect", "HttpResponsePermanentRedirect"]),
    st.one_of(
        texts, st.text(alphabet="htps:/.é?#[]@%a", max_size=20), st.sampled_from(["javascript:x", "//[::1"])
    ),
    st.booleans(),
)
def test_any_redirect_leads_where_django_s_leads(name, target, preserve_request):
    first, second = (tried(getattr(package, name), target, preserve_request) for package in (ours, theirs))
    assert seen(first) == seen(second)


@settings(deadline=None, max_examples=200)
@given(
    # Control characters in a name are a BadHeaderError of Django's, and percent-encoded by us.
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20),
    st.booleans(),
    st.sampled_from([None, "a/b", "text/html; charset=utf-8"]),
    st.integers(0, 12),
    st.one_of(st.none(), st.sampled_from(["a.txt", "/x/b.tar.gz", 5])),
)
def test_any_file_is_sent_as_django_sends_it(filename, as_attachment, content_type, position, own_name):
    def send(package):
        class Named(io.BytesIO):
            pass

        file = Named(b"0123456789")
        file.seek(position)
        if own_name is not None:
            file.name = own_name
        arguments = {"as_attachment": as_attachment, "filename": filename, "content_type": content_type}
        response = tried(package.FileResponse, file, **arguments)
        return (
            response
            if isinstance(response, str)
            else (list(response.items()), list(response), repr(response))
        )

    assert send(ours) == send(theirs)


field_steps = st.one_of(
    st.tuples(st.just("__setitem__"), texts, texts),
    st.tuples(st.just("setlist"), texts, st.lists(texts, max_size=2)),
    st.tuples(st.just("appendlist"), texts, texts),
    st.tuples(st.just("setdefault"), texts, texts),
    st.tuples(st.just("setlistdefault"), texts),
    st.tuples(st.just("pop"), texts, st.just("missing")),
    st.tuples(st.just("update"), st.dictionaries(texts, texts, max_size=2)),
    st.tuples(st.just("get"), texts),
    st.tuples(st.just("getlist"), texts),
    st.tuples(st.just("__getitem__"), texts),
    st.tuples(st.just("__delitem__"), texts),
    st.tuples(st.just("urlencode"), st.sampled_from([None, "/", "&"])),
    st.tuples(st.just("dict")),
    st.tuples(st.just("clear")),
)


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(st.none(), st.text(alphabet="ab=&+%;1é", max_size=20), st.binary(max_size=20)),
    st.booleans(),
    st.sampled_from([None, "latin-1", "utf-8"]),
    st.lists(field_steps, max_size=6),
)
def test_any_program_on_form_fields_ends_as_on_django_s(query, mutable, encoding, program):
    outcomes = []
    for package in (ours, theirs):
        fields = package.QueryDict(query, mutable=mutable, encoding=encoding)
        results = []
        for name, *arguments in program:
            result = tried(getattr(fields, name), *arguments)
            results.append(result.removeprefix("MultiValueDict") if isinstance(result, str) else result)
        outcomes.append(
            (results, list(fields.lists()), repr(fields), repr(fields.copy()), repr(copy.copy(fields)))
        )
    assert outcomes[0] == outcomes[1]
