import logging

import pytest

from penstock.agent.machine.herald import Herald
from penstock.agent.watch import Notice
from penstock.config import AgentConfig


def test_notices_are_lines_of_the_agents_own_log(tmp_path):
    path = tmp_path / "agent.log"
    herald = Herald(AgentConfig(error_log=str(path)))
    herald.say(Notice(logging.WARNING, "shop\nrefused"))
    path.rename(tmp_path / "old")
    herald.reopen()
    herald.say(Notice(logging.INFO, "second"))
    herald.close()
    assert " WARNING [pid " in (tmp_path / "old").read_text()
    assert path.read_text().endswith("penstock.agent: second\n")


@pytest.mark.parametrize("place", ["/dev/full", "/nowhere/agent.log"])
def test_log_that_takes_nothing_holds_nobody_up(place):
    herald = Herald(AgentConfig(error_log=place))
    for _ in range(3):
        herald.say(Notice(logging.INFO, "lost"))
        assert herald._output.pending_bytes == 0
    herald.close()
