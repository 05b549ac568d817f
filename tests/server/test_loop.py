"""The loop: lanes, take-over, hand-offs."""


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
