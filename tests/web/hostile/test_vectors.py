"""Hostile requests, one by one, with the status that both frameworks give.

Where Django fails with a 500 or lets an exception out, and we answer 400, `django` says so.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\nx\r\n'
END = b"--b--\r\n"


@dataclass(frozen=True)
class Attack:
    """A request, the status it gets, and Django's answer if that is another."""

    id: str
    status: Any
    body: bytes = b""
    variables: dict[str, str] = field(default_factory=dict)
    django: Any = None


def post(
    id_: str, status: Any, body: bytes, content_type: str = MULTIPART, *, django: Any = None, **variables: str
) -> Attack:
    return Attack(
        id_, status, body, {"REQUEST_METHOD": "POST", "CONTENT_TYPE": content_type, **variables}, django
    )


def get(id_: str, status: Any, *, django: Any = None, **variables: str) -> Attack:
    return Attack(id_, status, b"", variables, django)


ATTACKS = [
    # Bad UTF-8.
    get("path-not-utf-8", 200, PATH_INFO="/\xff\xfe/\xc3"),
    get("path-overlong-utf-8", 200, PATH_INFO="/\xc0\xaf\xc0\xae"),
    get("path-surrogates", 200, PATH_INFO="/\xed\xa0\x80"),
    get("path-with-nul-and-newline", 200, PATH_INFO="/\x00\r\nX: y"),
    get("path-beyond-latin-1", "UnicodeEncodeError", PATH_INFO="/\u0100"),
    get("path-of-64-kilobytes", 200, PATH_INFO="/" + "\xff" * 2**16),
    get("script-name-not-utf-8", "UnicodeDecodeError", SCRIPT_NAME="/\xff"),
    get("query-not-utf-8", 200, QUERY_STRING="a=\xff&\xfe=%ff%fe"),
    get("query-half-escapes", 200, QUERY_STRING="%=%&%a=%zz&%u0041=1"),
    get("cookie-not-utf-8", 200, HTTP_COOKIE="a=\xff; \xfe=b"),
    get("cookie-with-quotes-and-escapes", 200, HTTP_COOKIE='a="\\"; b="\\377\\x"; c="'),
    get("cookie-of-equals-signs", 200, HTTP_COOKIE="=" * 5000 + ";" * 5000),
    get("cookie-of-backslashes", 200, HTTP_COOKIE='a="' + '\\"' * 2_000 + '"'),
    post("form-not-utf-8", 200, b"a=\xff&b=%ff", FORM),
    post("multipart-value-not-utf-8", 200, PART.replace(b"1", b"\xff") + END),
    post("multipart-name-not-utf-8", 200, PART.replace(b'"a"', b'"\xff"') + END),
    # Too much.
    get("ten-thousand-query-fields", 400, QUERY_STRING="a=1&" * 10_000),
    get("just-enough-query-fields", 200, QUERY_STRING="&".join(["a"] * 1000)),
    post("ten-thousand-form-fields", 400, b"a=1&" * 10_000, FORM),
    post("ten-thousand-parts", 400, PART * 10_000 + END),
    post("too-many-files", 400, FILE * 21 + END),
    post("form-over-the-limit", 400, b"a=" + b"x" * 100_000, FORM),
    post("part-over-the-limit", 400, PART.replace(b"1", b"x" * 100_000) + END),
    post("gigabyte-declared-form", 400, b"a=1", FORM, CONTENT_LENGTH=str(2**30)),
    post("gigabyte-declared-multipart", 200, PART + END, CONTENT_LENGTH=str(2**30)),
    post("length-of-a-thousand-digits", 400, b"a=1", FORM, CONTENT_LENGTH="9" * 1000),
    # Lengths that are none: a number is asked for, and that is the server's business (Django: 500, too).
    post("length-that-is-no-number", 500, b"a=1", FORM, CONTENT_LENGTH="x"),
    post("negative-length-of-a-form", 200, b"a=1", FORM, CONTENT_LENGTH="-1"),
    post("negative-length-of-a-multipart", 400, PART + END, CONTENT_LENGTH="-1"),
    post("no-length-of-a-multipart", 200, PART + END, CONTENT_LENGTH=""),
    # Broken multipart.
    post("no-boundary", 400, PART + END, "multipart/form-data"),
    post("empty-boundary", 400, PART + END, "multipart/form-data; boundary="),
    post("boundary-not-ascii", 400, PART + END, "multipart/form-data; boundary=\xff"),
    post("boundary-too-long", 400, PART + END, "multipart/form-data; boundary=" + "b" * 300),
    post("boundary-that-never-comes", 200, PART + END, "multipart/form-data; boundary=other"),
    post("upper-case-type", 400, PART + END, "MULTIPART/FORM-DATA; boundary=b"),
    post("cut-off-in-the-head", 200, PART[:30]),
    post("cut-off-in-a-file", 200, FILE[:-2]),
    post("head-too-long", 400, b"--b\r\nX: " + b"y" * 2000 + b"\r\n\r\n1\r\n" + END),
    post("head-without-an-end", 400, b"--b\r\n" + b"X: y\r\n" * 1000 + END),
    post("line-feeds-alone", 200, PART.replace(b"\r\n", b"\n") + END),
    post("nothing-but-boundaries", 400, b"--b" * 5000),
    post(
        "file-that-is-no-base64",
        400,
        FILE.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") + END,
    ),
    post("file-name-that-climbs", 200, FILE.replace(b"f.txt", b"../../etc/passwd") + END),
    post("file-name-with-nul", 200, FILE.replace(b"f.txt", b"a\x00b") + END),
    post(
        "extension-too-long-for-the-disk",
        200,
        FILE.replace(b"f.txt", b"f." + b"x" * 300).replace(b"\r\nx", b"\r\n" + b"x" * 20_000) + END,
        django=500,
    ),
    post(
        "parameter-in-an-unknown-charset", 200, FILE.replace(b'filename="f.txt"', b"filename*=nope''f") + END
    ),
    # Charsets.
    post("form-in-another-charset", 400, b"a=1", f"{FORM}; charset=latin-1"),
    post("form-in-a-charset-that-is-none", 200, b"a=1", f"{FORM}; charset=nope"),
    post("form-in-a-codec-that-is-none-of-text", 400, b"a=1", f"{FORM}; charset=base64"),
    post(
        "multipart-in-a-codec-that-is-none-of-text",
        400,
        PART + END,
        f"{MULTIPART}; charset=base64",
        django=500,
    ),
    post("multipart-in-utf-7", 200, PART + END, f"{MULTIPART}; charset=utf-7"),
    get(
        "query-in-a-codec-that-is-none-of-text",
        400,
        QUERY_STRING="a=%41",
        CONTENT_TYPE="a/b; charset=hex",
        django="LookupError",
    ),
    get("charset-with-nul", 200, CONTENT_TYPE="a/b; charset=\x00", django="ValueError"),
    get("type-with-a-parameter-in-an-unknown-charset", "ValueError", CONTENT_TYPE="a/b; c*=nope''d"),
    get("type-of-ten-thousand-parameters", 200, CONTENT_TYPE="a/b" + "; c=d" * 10_000),
    # Hosts.
    get("host-of-somebody-else", 400, HTTP_HOST="theirs.example"),
    get("host-with-a-user", 400, HTTP_HOST="ours.example@theirs.example"),
    get("host-with-a-path", 400, HTTP_HOST="ours.example/theirs.example"),
    get("host-with-a-line-break", 400, HTTP_HOST="ours.example\r\nX: y"),
    get("host-not-ascii", 400, HTTP_HOST="ours.example\xe9"),
    get("host-that-is-empty", 400, HTTP_HOST=""),
    get("host-of-a-megabyte", 400, HTTP_HOST="a." * 2**19),
    get("host-with-a-port-of-a-thousand-digits", 200, HTTP_HOST="ours.example:" + "9" * 1000),
    get("host-of-the-wild", 200, HTTP_HOST="a.b.c.wild.example."),
    # Others.
    get("method-of-one-s-own", 200, REQUEST_METHOD="get\r\nX: y"),
    get("accept-of-commas", 200, HTTP_ACCEPT="," * 10_000),
    get("accept-with-odd-qualities", 200, HTTP_ACCEPT="a/b;q=inf, c/d;q=-1, */*;q=1e400, e/f;q=\xb2"),
    get("user-agent-not-ascii", 200, HTTP_USER_AGENT="\xff" * 1000),
    get("path-that-looks-like-a-host", 200, PATH_INFO="//theirs.example/"),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_hostile_request_gets_the_status_it_deserves(ours, attack):
    status, _ = ours.ask(attack.variables, attack.body)
    assert status == attack.status


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_hostile_request_gets_what_django_gives(ours, django, attack):
    status, body = django.ask(attack.variables, attack.body)
    assert status == (attack.django or attack.status)
    if status == 200:
        assert ours.ask(attack.variables, attack.body) == (200, body)
