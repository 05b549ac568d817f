import threading
import time
from types import SimpleNamespace

import pytest

from penstock.config import WSGIConfig
from penstock.server.worker.warmup import PEER, is_failure, warm_up
from penstock.wsgi import connection_environ

ENVIRON = connection_environ(
    WSGIConfig(), server=("a", "1"), peer=PEER, scheme="http", multithread=True, multiprocess=False
)


def test_application_is_asked_for_the_path_as_by_any_client(serve) -> None:
    seen = []

    def application(environ, start_response):
        seen.append((environ["PATH_INFO"], environ["QUERY_STRING"], environ["REMOTE_ADDR"]))
        start_response("204 No Content", [])
        return []

    rig = serve(application)
    assert warm_up(rig.reception, ENVIRON, "/ready?full=1", 5) == "HTTP/1.1 204 No Content"
    assert seen == [("/ready", "full=1", "127.0.0.1")]
    (access,) = rig.wait_accesses(1)
    assert access.status == 204


def test_application_that_fails_is_answered_for(serve) -> None:
    def application(environ, start_response):
        raise RuntimeError("not today")

    assert warm_up(serve(application).reception, ENVIRON, "/", 5).startswith("HTTP/1.1 500 ")


def test_loop_that_does_not_answer_is_no_answer(serve, monkeypatch) -> None:
    monkeypatch.setattr("penstock.server.worker.warmup.GRACE_S", 0.0)
    gate = threading.Event()

    def application(environ, start_response):
        gate.wait(10)
        start_response("200 OK", [])
        return []

    rig = serve(application)
    assert warm_up(rig.reception, ENVIRON, "/", 0.05) == ""
    gate.set()


def test_loop_that_has_ended_is_not_waited_for() -> None:
    ended = SimpleNamespace(loop=SimpleNamespace(is_stopped=True, order=lambda _call: None))
    began_s = time.monotonic()
    assert warm_up(ended, ENVIRON, "/", 60) == ""
    assert time.monotonic() - began_s < 30


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("HTTP/1.1 200 OK", False),
        ("HTTP/1.1 302 Found", False),
        ("HTTP/1.1 404 Not Found", False),
        ("HTTP/1.1 500 Internal Server Error", True),
        ("HTTP/1.1 503", True),
        ("", True),
    ],
)
def test_failure_is_a_status_of_the_servers_fault_or_none(line: str, expected: bool) -> None:
    assert is_failure(line) is expected
