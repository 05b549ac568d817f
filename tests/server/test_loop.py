"""The loop: lanes, take-over, hand-offs."""

from penstock.telemetry import Outcome


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def gated(gates):
    """Return an application that waits at the gate of its path, if there is one."""

    def application(environ, start_response):
        if environ["PATH_INFO"] in gates:
            gates[environ["PATH_INFO"]].wait()
        return hello(environ, start_response)

    return application


def test_pool_request_that_made_way_for_inline_ones_runs_when_they_stop(serve) -> None:
    gates: dict[str, object] = {}
    rig = serve(gated(gates), threads=2)
    gates["/slow"] = gate = rig.gate()
    rig.make_inline("/quick")
    slow, other = rig.connect(), rig.connect()
    slow.ask("/slow")
    gate.wait_arrival()
    other.get("/quick")
    other.ask("/pool")
    assert other.answer().status == 200


# Waiting for a slot


def test_inline_request_whose_client_goes_while_it_waits_is_recorded_and_harms_nobody(serve) -> None:
    rig = serve(threads=1)
    gate = rig.gate("/slow")
    rig.make_inline("/quick")
    slow, gone, next_one = rig.connect(), rig.connect(), rig.connect()
    slow.ask("/slow")
    gate.wait_arrival()
    gone.ask("/quick?gone")
    rig.wait_until(lambda: len(rig.loop.waiting_inline) == 1)
    gone.reset()
    rig.wait_until(lambda: len(rig.reception.connections) == 2)
    next_one.ask("/quick")
    gate.open()
    assert slow.answer().status == 200
    assert next_one.answer().status == 200
    by_line = {access.line: access for access in rig.wait_accesses(3)}
    assert by_line[b"GET /quick?gone HTTP/1.1"].outcome is Outcome.PEER_GONE


def test_inline_request_that_waits_longer_than_the_request_timeout_is_still_answered(serve) -> None:
    rig = serve(threads=1, request_timeout_s=0.1)
    gate = rig.gate("/slow")
    rig.make_inline("/quick")
    slow, waiting = rig.connect(), rig.connect()
    slow.ask("/slow")
    gate.wait_arrival()
    waiting.ask("/quick")
    rig.wait_until(lambda: len(rig.loop.waiting_inline) == 1)
    (connection,) = rig.loop.waiting_inline
    assert slow.answer().status == 504
    rig.expire(connection)
    gate.open()
    assert waiting.answer().status == 200
