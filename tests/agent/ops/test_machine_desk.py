import json

import pytest

from penstock.agent.metrics import Gatherer
from penstock.agent.ops.machine_desk import MachineDesk
from penstock.protocol import RequestHead


@pytest.mark.parametrize(
    ("path", "begin"),
    [("/livez", b"alive"), ("/status", b"{"), ("/metrics", b"# HELP penstock_agent_")],
)
def test_paths_are_answered(path, begin) -> None:
    answer = MachineDesk(dict, Gatherer()).answer(RequestHead(path=path, method="GET"))
    assert (answer.status, answer.body[: len(begin)]) == ("200 OK", begin)


def test_readiness_is_not_this_ports_business() -> None:
    assert MachineDesk(dict, Gatherer()).answer(RequestHead(path="/readyz")).status == "404 Not Found"


def test_status_is_the_census() -> None:
    desk = MachineDesk(lambda: {"tenants": []}, Gatherer())
    assert json.loads(desk.answer(RequestHead(path="/status")).body) == {"tenants": []}
