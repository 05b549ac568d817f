import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.ops.desk import Answer
from penstock.agent.ops.visit import ANSWER_S, HEAD_S, IDLE_S, PARTING_S, State, Visit

GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def visit() -> Visit:
    return Visit(lambda head: Answer("200 OK", head.path.encode()), 0.0)


def take(visit: Visit, now_s: float = 0.0) -> bytes:
    """Take all that the visit would send."""
    taken = b""
    while visit.output:
        taken += visit.output
        visit.sent(len(visit.output), now_s)
    return taken


def test_request_is_answered_and_the_connection_kept(visit) -> None:
    visit.receive(GET, 1.0)
    assert visit.state is State.ANSWER
    answer = take(visit)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n/livez")
    assert b"Cache-Control: no-store\r\n" in answer
    assert b"Connection" not in answer
    assert visit.state is State.IDLE


@pytest.mark.parametrize("size", range(1, len(GET) + 2))
def test_requests_cut_anywhere_are_answered_each_once(visit, size: int) -> None:
    taken = b""
    for start in range(0, 2 * len(GET), size):
        visit.receive((GET * 2)[start : start + size], 1.0)
        taken += take(visit)
    assert taken.count(b"HTTP/1.1 200 OK") == 2
    assert visit.state is State.IDLE


def test_requests_behind_each_other_are_answered_in_order(visit) -> None:
    visit.receive(GET + GET.replace(b"livez", b"readyz") + GET[:9], 1.0)
    answers = take(visit)
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.index(b"/livez") < answers.index(b"/readyz")
    assert visit.state is State.HEAD


def test_head_is_answered_without_a_body(visit) -> None:
    visit.receive(GET.replace(b"GET", b"HEAD"), 1.0)
    answer = take(visit)
    assert b"Content-Length: 6\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"GET /livez HTTP/1.0\r\n\r\n", id="http-1.0"),
        pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", id="close"),
        pytest.param(b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", id="body"),
        pytest.param(b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunked"),
    ],
)
def test_last_request_is_answered_and_the_peer_given_time_to_close(visit, request_bytes) -> None:
    visit.receive(request_bytes, 1.0)
    answer = take(visit, 2.0)
    assert b"200 OK" in answer
    assert b"Connection: close\r\n" in answer
    assert (visit.state, visit.deadline_s) == (State.PARTING, 2.0 + PARTING_S)
    visit.receive(GET, 2.5)
    assert not visit.output
    visit.receive(b"", 2.6)
    assert visit.state is State.CLOSED


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"GET /livez HTTP/1.1\r\n\r\n", b"400", id="no-host"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", b"400", id="tls"),
        pytest.param(b"GET /livez HTTP/1.1\nHost: x\n\n", b"400", id="bare-line-feed"),
        pytest.param(b"GET /" + b"x" * 3000, b"414", id="long-line"),
        pytest.param(GET[:-2] + b"X: " + b"x" * 9000, b"431", id="long-head"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", b"505", id="version"),
    ],
)
def test_request_that_breaks_a_rule_is_refused_and_ends_the_visit(visit, request_bytes, status) -> None:
    visit.receive(request_bytes, 1.0)
    assert take(visit).startswith(b"HTTP/1.1 " + status)
    assert visit.state is State.PARTING


def test_peer_that_closes_between_requests_is_gone(visit) -> None:
    visit.receive(b"", 1.0)
    assert visit.state is State.CLOSED


def test_peer_that_closes_within_a_request_is_told_so(visit) -> None:
    visit.receive(GET[:7], 1.0)
    visit.receive(b"", 1.0)
    assert take(visit).startswith(b"HTTP/1.1 400 ")
    assert visit.state is State.PARTING


def test_peer_that_closes_its_side_behind_a_request_is_answered(visit) -> None:
    visit.receive(GET, 1.0)
    visit.receive(b"", 1.0)
    assert b"200 OK" in take(visit)
    assert visit.state is State.CLOSED


def test_time_of_a_head_counts_from_its_first_byte(visit) -> None:
    assert visit.deadline_s == IDLE_S
    visit.receive(GET[:1], 10.0)
    assert (visit.state, visit.deadline_s) == (State.HEAD, 10.0 + HEAD_S)
    visit.receive(GET[1:5], 14.0)
    assert visit.deadline_s == 10.0 + HEAD_S


def test_time_of_an_answer_is_not_extended_by_taking_a_byte_of_it(visit) -> None:
    visit.receive(GET, 10.0)
    assert visit.deadline_s == 10.0 + ANSWER_S
    visit.sent(1, 19.0)
    assert (visit.state, visit.deadline_s) == (State.ANSWER, 10.0 + ANSWER_S)


PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([GET, b"\r\n", b"\r\n\r\n", b"GET ", b"Host: x", b"Content-Length: 5\r\n", b"HTTP/1.1"]),
)


@given(st.lists(PIECES, max_size=12), st.booleans())
def test_whatever_a_peer_sends_is_answered_or_awaited_and_never_an_error(
    pieces: list[bytes], is_closing: bool
) -> None:
    visit = Visit(lambda head: Answer("200 OK", b"x"), 0.0)
    taken = b""
    for piece in [*filter(None, pieces), *([b""] if is_closing else [])]:
        if visit.state is State.CLOSED:
            break
        visit.receive(piece, 1.0)
        taken += take(visit, 1.0)
    assert not taken or taken.startswith(b"HTTP/1.1 ")
    assert len(taken) < 4096
    if is_closing:
        assert visit.state in {State.CLOSED, State.PARTING}
