"""Accepting, refusing to accept, and leaving."""


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def test_take_over_while_draining_leaves_no_idle_connection_behind(serve) -> None:
    gate = None

    def application(environ, start_response):
        gate.wait()
        return hello(environ, start_response)

    rig = serve(application, threads=4)
    gate = rig.gate()
    rig.make_inline()
    clients = [rig.connect() for _ in range(10)]
    rig.wait_until(lambda: len(rig.reception.connections) == 10)

    def drain() -> None:
        for client in clients[:2]:
            client.ask("/")
        rig.reception.drain()

    rig.loop.order(drain)
    gate.wait_arrival()
    gate.wait_arrival()
    rig.wait_until(lambda: len(rig.reception.connections) == 2)
