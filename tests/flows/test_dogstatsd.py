"""Metrics that other processes send: through the agent of a running server to its /metrics."""

import os
import re
import signal
import socket
from typing import Final

import pytest
from datadog.dogstatsd import DogStatsd
from prometheus_client.parser import text_string_to_metric_families
from tests.flows.client import Client
from tests.flows.harness import Server, socket_address, wait_until

pytestmark = pytest.mark.flow

# A million where it may take its time.
TAGS: Final = int(os.environ.get("PENSTOCK_TEST_TAGS", "100000"))


def metrics(server: Server) -> dict[tuple, float]:
    """Every sample of /metrics by its name and sorted labels."""
    found = re.search(r"^  ops +(\S+)$", server.stderr(), re.MULTILINE)
    assert found, server.stderr()
    client = Client(socket_address(found[1]))
    text = client.get("/metrics").body.decode()
    client.close()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def server(serve, tmp_path) -> Server:
    path = tmp_path / "dsd.sock"
    made = serve("--ops", "127.0.0.1:0", environment={"PENSTOCK_DOGSTATSD": f"unix:{path}"})
    made.agent()  # which opened the socket before it was seen
    return made


@pytest.fixture
def client(server, tmp_path):
    made = DogStatsd(socket_path=str(tmp_path / "dsd.sock"), disable_telemetry=True, disable_buffering=True)
    yield made
    made.close_socket()


def test_what_a_process_of_the_machine_sends_stands_beside_the_servers_own_metrics(server, client) -> None:
    client.increment("shop.orders", 2, tags=["env:prod"])
    client.timing("shop.query", 240)
    orders = ("shop_orders_total", ("env", "prod"))
    wait_until(lambda: metrics(server).get(orders) == 2, "the orders on /metrics")
    found = metrics(server)
    assert found["shop_query_count",] == 1
    assert found["penstock_ready",] == 1


def test_a_new_agent_takes_the_socket_of_the_one_that_was_killed(server, client) -> None:
    server.is_noise_expected = True
    killed = server.agent()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: server.status()["agent_pid"] not in {killed, 0}, "a new agent")

    def sends() -> bool:
        client.increment("shop.orders")
        return metrics(server).get(("shop_orders_total",), 0) > 0

    wait_until(sends, "the new agent to take datagrams")


def test_a_flood_of_tags_takes_neither_memory_nor_access_lines(server, tmp_path) -> None:
    flood = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    flood.connect(str(tmp_path / "dsd.sock"))
    asker = Client(server.address)
    for number in range(0, TAGS, 100):
        flood.send(b"\n".join(b"flood:1|c|#user:%d" % each for each in range(number, number + 100)))
        if number % (TAGS // 100) == 0:
            assert asker.get("/n/1").status == 200
    flood.close()
    wait_until(lambda: metrics(server)["penstock_dogstatsd_lines_total",] == TAGS, "every line to be taken")
    found = metrics(server)
    assert found["penstock_dogstatsd_series",] == 10_000
    assert found["flood_total", ("overflow", "true")] == TAGS - 10_000
    assert found["penstock_process_resident_memory_bytes", ("process", "agent")] < 80 << 20
    wait_until(lambda: len(server.accesses()) == 100, "every access line")
