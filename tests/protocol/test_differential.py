"""The same bytes through three parsers: ours, h11, and llhttp (httptools).

Smuggling lives where two parsers disagree.  Where two of them accept a message,
they must have found the same: method, target, fields, body.  Where one accepts
what another refuses, the reason stands in one of two tables: STRICTER for what
we refuse, by error, and LAXER for what we accept, by vector.
"""

import h11
import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

# (parser, our error): why the other accepts, or waits for more, where we refuse.
STRICTER = {
    (
        "h11",
        "BadChunkError",
    ): "drops whatever stands between a chunk size and CRLF; takes any number of digits",
    ("llhttp", "BadChunkError"): "takes an extension without a name or a value; leaves limits to its user",
    ("h11", "BadFieldError"): "unfolds folded lines, keeps control characters, joins doubled singletons",
    ("llhttp", "BadFieldError"): "joins doubled singletons",
    ("h11", "BadFramingError"): "takes a repeated length, a length beside chunked, chunked in HTTP/1.0",
    ("llhttp", "BadFramingError"): "takes empty codings, a length of 20 digits, chunked in HTTP/1.0",
    ("h11", "BadHostError"): "does not look into Host",
    ("llhttp", "BadHostError"): "leaves Host to its user",
    ("h11", "BadLineEndError"): "takes a bare LF for a line end, as RFC 9112 section 2.2 permits",
    ("llhttp", "BadLineEndError"): "takes a bare LF between two requests",
    ("h11", "BadRequestLineError"): "waits for more where a line can no longer become good",
    ("llhttp", "BadRequestLineError"): "takes two spaces, HTTP/0.9 and any number of empty lines",
    ("h11", "BadTargetError"): "does not look into targets",
    ("llhttp", "BadTargetError"): "leaves percent-encoding, fragment and userinfo to its user",
    ("h11", "BodyTooLargeError"): "has no such limit",
    ("llhttp", "BodyTooLargeError"): "has no such limit",
    ("h11", "ExpectationError"): "leaves Expect to its user",
    ("llhttp", "ExpectationError"): "leaves Expect to its user",
    ("h11", "HeaderTooLargeError"): "bounds bytes, not the number of lines",
    ("llhttp", "HeaderTooLargeError"): "leaves limits to its user",
    ("h11", "LengthRequiredError"): "reads no body",
    ("llhttp", "LengthRequiredError"): "reads no body",
    ("llhttp", "UnsupportedCodingError"): "leaves codings to its user",
    ("h11", "UnsupportedMethodError"): "leaves CONNECT to its user",
    ("llhttp", "UnsupportedMethodError"): "leaves CONNECT to its user",
    ("h11", "UriTooLongError"): "bounds the head as a whole",
    ("llhttp", "UriTooLongError"): "leaves limits to its user",
    ("h11", "VersionError"): "takes any version of two digits for 1.1",
    ("llhttp", "VersionError"): "takes 0.9 and 2.0",
    ("h11", "TruncatedHeadError"): "takes a lone CR at the end for nothing",
    ("llhttp", "TruncatedHeadError"): "takes a lone CR at the end for nothing",
}

# (parser, vector): why the other refuses where we accept.
LAXER = {
    (
        "h11",
        "white space around an extension is dropped",
    ): "RFC 9110 section 5.6.3: BWS is parsed and removed",
    (
        "llhttp",
        "white space around an extension is dropped",
    ): "RFC 9110 section 5.6.3: BWS is parsed and removed",
    (
        "llhttp",
        "trailers are read and dropped",
    ): "it refuses framing fields in trailers; we drop all trailers",
    (
        "llhttp",
        "a trailer cannot set a length",
    ): "it refuses framing fields in trailers; we drop all trailers",
    ("llhttp", "Upgrade is ignored"): "it stops for its user to upgrade",
    ("h11", "requests behind each other come in order"): "it refuses the empty line of RFC 9112 section 2.2",
    (
        "h11",
        "one empty line before a request is skipped",
    ): "it refuses the empty line of RFC 9112 section 2.2",
    ("h11", "one empty line behind a body is skipped"): "it refuses the empty line of RFC 9112 section 2.2",
    ("llhttp", "any token is a method"): "it knows a list of methods",
    ("llhttp", "a method keeps its case"): "it knows a list of methods",
    ("llhttp", "chunked in capitals"): "it takes no HTAB behind the value",
}

REFUSED = "refused"
CUT = "cut"

Message = tuple[str, str, tuple[tuple[str, str], ...], bytes]


class _Listener:
    """What llhttp calls back."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.is_open = False

    def on_message_begin(self) -> None:
        self.target, self.fields, self.body, self.is_open = b"", [], b"", True
        self.is_trailer = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.is_trailer:
            self.fields.append((name.lower().decode("latin-1"), value.strip(b" \t").decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.is_trailer = True
        self.method = self.parser.get_method().decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_open = False
        fields = tuple(sorted(self.fields))
        self.messages.append((self.method, self.target.decode("latin-1"), fields, self.body))


def by_llhttp(wire: bytes) -> list[Message | str]:
    listener = _Listener()
    parser = listener.parser = httptools.HttpRequestParser(listener)
    try:
        parser.feed_data(wire)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return [*listener.messages, REFUSED]
    return [*listener.messages, CUT] if listener.is_open else [*listener.messages]


def by_h11(wire: bytes) -> list[Message | str]:
    messages: list[Message | str] = []
    rest = wire
    while rest.strip(b"\r\n"):
        server = h11.Connection(h11.SERVER)
        server.receive_data(rest)
        server.receive_data(b"")
        body = b""
        try:
            while not isinstance(event := server.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
                if isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
        except h11.RemoteProtocolError as error:
            is_cut = "closed" in str(error) or "incomplete" in str(error)
            return [*messages, CUT if is_cut else REFUSED]
        fields = tuple(sorted((name.decode(), value.decode("latin-1")) for name, value in request.headers))
        messages.append((request.method.decode(), request.target.decode("latin-1"), fields, body))
        rest = bytes(server.trailing_data[0])
    return messages


def by_us(hear, wire: bytes) -> list[Message | str]:
    heard = hear([wire])
    messages: list[Message | str] = [
        (head.method, head.target, head.fields, body) for head, body, is_whole in heard.requests if is_whole
    ]
    if heard.error is None:
        return messages
    return [*messages, CUT if "Truncated" in type(heard.error).__name__ else REFUSED]


def agrees(ours: list, theirs: list) -> bool:
    """Tell whether two parsers found the same requests; our fields are already meta-variables."""
    if len(ours) != len(theirs):
        return False
    for one, other in zip(ours, theirs, strict=True):
        if isinstance(one, str) or isinstance(other, str):
            if one != other:
                return False
        elif (one[0], one[1], one[3]) != (other[0], other[1], other[3]) or not has_fields(one[2], other[2]):
            return False
    return True


def has_fields(fields: dict[str, str], raw: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether our fields are those of another parser, leaving out what we drop or replace on purpose."""
    theirs: dict[str, list[str]] = {}
    for name, value in raw:
        if "_" not in name and name not in (
            "connection",
            "transfer-encoding",
            "proxy",
            "host",
            "content-length",
        ):
            key = name.upper().replace("-", "_")
            theirs.setdefault(key if key == "CONTENT_TYPE" else "HTTP_" + key, []).append(value)
    ours = {name: value for name, value in fields.items() if name not in ("HTTP_HOST", "CONTENT_LENGTH")}
    return ours.keys() == theirs.keys() and all(
        sorted(ours[name].replace("; ", ", ").split(", "))
        == sorted(", ".join(values).replace("; ", ", ").split(", "))
        for name, values in theirs.items()
    )


PARSERS = {"h11": by_h11, "llhttp": by_llhttp}


@pytest.fixture(scope="module")
def differences(hear, vectors) -> dict[str, set[tuple[str, str]]]:
    """Every vector through all parsers; the keys of both tables that are needed, and real disagreements."""
    found: dict[str, set[tuple[str, str]]] = {"stricter": set(), "laxer": set(), "disagreement": set()}
    for vector in vectors:
        if vector.options:
            continue
        error = hear([vector.raw]).error
        ours = by_us(hear, vector.raw)
        for name, parse in PARSERS.items():
            theirs = parse(vector.raw)
            if agrees(ours, theirs):
                continue
            if not agree_while_both_accept(ours, theirs):
                found["disagreement"].add((name, vector.name))
            elif error is not None:
                found["stricter"].add((name, type(error).__name__))
            else:
                found["laxer"].add((name, vector.name))
    return found


def agree_while_both_accept(ours: list, theirs: list) -> bool:
    """Tell whether two parsers found the same until one of them refused, or the bytes ended."""
    accepted = [
        (one, other)
        for one, other in zip(ours, theirs, strict=False)
        if not isinstance(one, str) and not isinstance(other, str)
    ]
    return all(agrees([one], [other]) for one, other in accepted)


def test_two_parsers_that_accept_a_message_found_the_same(differences) -> None:
    assert differences["disagreement"] == set()


def test_whatever_we_alone_refuse_has_its_reason_in_the_table(differences) -> None:
    assert differences["stricter"] == set(STRICTER)


def test_whatever_we_alone_accept_has_its_reason_in_the_table(differences) -> None:
    assert differences["laxer"] == set(LAXER)


FIELDS = st.sampled_from(
    [
        b"Host: x\r\n",
        b"Content-Length: 5\r\n",
        b"content-length:\t0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding:chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Connection: keep-alive\r\n",
        b"X: a, b\r\n",
        b"X: c\r\n",
        b"X:\r\n",
        b"X: a\nTransfer-Encoding: chunked\r\n",
        b" folded\r\n",
        b"Expect: 100-continue\r\n",
    ]
)
BODIES = st.lists(
    st.sampled_from(
        [
            b"hello",
            b"5\r\nhello\r\n",
            b"5;a\r\nhello\r\n",
            b"0\r\n\r\n",
            b"0\r\nT: a\r\n\r\n",
            b"\r\n",
            b"G",
            b"\n",
        ]
    ),
    max_size=3,
).map(b"".join)
MESSAGES = st.builds(
    lambda method, fields, body: (
        method + b" /a?b HTTP/1.1\r\nHost: x\r\n" + b"".join(fields) + b"\r\n" + body
    ),
    st.sampled_from([b"GET", b"POST", b"DELETE"]),
    st.lists(FIELDS, max_size=3),
    BODIES,
)


@pytest.mark.parametrize("parser", PARSERS)
@settings(max_examples=1000, deadline=None)
@given(wire=st.lists(MESSAGES, min_size=1, max_size=3).map(b"".join))
def test_two_parsers_that_accept_generated_messages_found_the_same(hear, parser: str, wire: bytes) -> None:
    assert agree_while_both_accept(by_us(hear, wire), PARSERS[parser](wire))
