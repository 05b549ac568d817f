"""A server's memory with the agent of the machine: a real socket, an agent played by the test."""

import contextlib
import dataclasses
import logging
import os
import select
import socket
import time

import pytest
from tests.server.plans import plan, wait_until

from penstock.server.master import lodging as lodging_module
from penstock.server.master.family import Family
from penstock.server.master.guardian import Guardian
from penstock.server.master.lodging import Lodging, NoAgent, has_records, keep_agent
from penstock.server.plan import Heritage
from penstock.server.process import Identity
from penstock.telemetry import Recorder, Segment
from penstock.telemetry.enrolment import Enrolment, Word, close_all, receive_message, send_message

PATIENCE_S = 10


class PlayedAgent:
    """What listens on the path."""

    def __init__(self, path):
        self.path = path
        self.listener = None
        self.sock = None

    def listen(self):
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(self.path))
        self.listener.listen(4)
        self.listener.settimeout(PATIENCE_S)

    def accept(self):
        self.sock, _ = self.listener.accept()
        return self.hear()

    def hear(self):
        assert select.select([self.sock], [], [], PATIENCE_S)[0]
        message = receive_message(self.sock)
        if message:
            close_all(message.fds)
        return message

    def say(self, word, text=""):
        send_message(self.sock, word, text)

    def die(self):
        for sock in (self.sock, self.listener):
            if sock:
                sock.close()
        self.sock = self.listener = None


@pytest.fixture
def agent(tmp_path):
    made = PlayedAgent(tmp_path / "agent.sock")
    yield made
    made.die()


@pytest.fixture
def segment():
    return Segment.create(2, 2, 65536)


@pytest.fixture
def written(tmp_path):
    """A file that an agent of our own writes, should one be started."""
    return tmp_path / "written"


@pytest.fixture
def lodging(agent, segment, written):
    def write(memory, master_pid, assume):
        for slot in range(2):
            ring = memory.layout.log_ring(slot)
            memory.words[ring.tail_word] = memory.words[ring.end_word]
        written.write_text("by a child")

    family, poll = Family(), select.poll()
    heritage = Heritage(segment, Identity(), [])
    made = dataclasses.replace(
        plan(run_agent=write), agent_place=f"unix:{agent.path}", enrolment=Enrolment("shop", 4)
    )
    return Lodging(made, heritage, Guardian(write, family, heritage), poll)


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch):
    monkeypatch.setattr(lodging_module, "FIRST_DELAY_S", 0.02)
    monkeypatch.setattr(lodging_module, "LONGEST_DELAY_S", 0.02)


def settle(lodging, agent):
    agent.listen()
    lodging.see_to_it()
    agent.accept()
    agent.say(Word.ADMITTED)
    lodging.see_to_it()


def wait_and_see(lodging):
    wait_until(lambda: lodging.wait_s(time.monotonic()) == 0)
    lodging.see_to_it()


def test_agent_gets_the_memory_and_what_is_to_be_done_with_it(lodging, agent):
    agent.listen()
    assert lodging.wait_s(time.monotonic()) == 0
    lodging.see_to_it()
    message = agent.accept()
    assert (message.word, Enrolment.from_text(message.text)) == (Word.ENROL, Enrolment("shop", 4))
    assert len(message.fds) == 4
    assert lodging.wait_s(time.monotonic()) is None


def test_no_child_holds_the_connection(lodging, agent):
    settle(lodging, agent)
    assert lodging._sock.fileno() in lodging._family.private_fds
    agent.die()
    lodging.see_to_it()
    assert lodging._family.private_fds == set()


def test_server_without_an_agent_goes_on_and_asks_again(lodging, agent, caplog, capsys):
    for _ in range(3):
        wait_and_see(lodging)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert f"no agent at unix:{agent.path}: no such file" in capsys.readouterr().err
    settle_later = agent.listen
    settle_later()
    wait_and_see(lodging)
    agent.accept()
    agent.say(Word.ADMITTED)
    with caplog.at_level(logging.WARNING):
        lodging.see_to_it()
    assert caplog.records[-1].getMessage().startswith("agent.found socket=unix:")


def test_agent_that_dies_is_asked_again_when_it_is_back(lodging, agent, caplog):
    settle(lodging, agent)
    agent.die()
    lodging.see_to_it()
    assert "reason='it has gone'" in caplog.text
    agent.listen()
    wait_and_see(lodging)
    assert agent.accept().word is Word.ENROL


def test_refusal_is_said_with_its_reason_and_asked_again(lodging, agent, caplog):
    agent.listen()
    lodging.see_to_it()
    agent.accept()
    agent.say(Word.REFUSED, "user 5 may not enrol here")
    lodging.see_to_it()
    assert "it refuses: user 5 may not enrol here" in caplog.text
    wait_and_see(lodging)
    assert agent.accept().word is Word.ENROL


def test_nonsense_ends_the_connection(lodging, agent, caplog):
    settle(lodging, agent)
    agent.sock.send(b"nonsense")
    lodging.see_to_it()
    assert "protocol 'nonsense'" in caplog.text


def test_log_files_are_opened_anew_by_the_agent(lodging, agent):
    lodging.reopen()  # nobody is there: nothing is open
    settle(lodging, agent)
    lodging.reopen()
    assert agent.hear().word is Word.REOPEN


def test_another_plan_is_told_when_the_agent_has_let_go(lodging, agent, caplog):
    settle(lodging, agent)
    lodging.replace(dataclasses.replace(lodging._plan, enrolment=Enrolment("other", 2)))
    assert agent.hear().word is Word.RELEASE
    agent.sock.close()
    lodging.see_to_it()
    lodging.see_to_it()
    assert Enrolment.from_text(agent.accept().text).name == "other"
    assert caplog.records == []


def test_another_place_needs_a_restart(lodging, agent, caplog):
    settle(lodging, agent)
    lodging.replace(dataclasses.replace(lodging._plan, agent_place="embedded"))
    assert "agent.kept agent=unix:" in caplog.text


def test_nothing_is_written_before_the_predecessor_has_ended(lodging, agent):
    read_fd, write_fd = os.pipe()
    agent.listen()
    lodging.wait_for(read_fd, select.poll())
    lodging.see_to_it()
    assert lodging.wait_s(time.monotonic()) is None
    os.close(write_fd)
    lodging.see_to_it()
    assert agent.accept().word is Word.ENROL


# The end


@pytest.fixture
def little_patience(monkeypatch):
    monkeypatch.setattr(lodging_module, "AGENT_STOP_S", 0.1)


def test_stop_waits_until_the_agent_has_let_go(lodging, agent, segment, written):
    settle(lodging, agent)
    Recorder(segment, 0).log(20, "shop", "last")

    pid = os.fork()
    if not pid:
        agent.hear()  # RELEASE
        ring = segment.layout.log_ring(0)
        segment.words[ring.tail_word] = segment.words[ring.end_word]
        os._exit(0)
    agent.die()
    lodging.stop()
    os.waitpid(pid, 0)
    assert not has_records(segment)
    assert not written.exists()


def test_last_records_are_written_by_a_child_where_there_is_no_agent(lodging, segment, written):
    Recorder(segment, 0).log(20, "shop", "last")
    lodging.stop()
    assert written.read_text() == "by a child"


def test_no_child_is_needed_where_nothing_is_left(lodging, written):
    lodging.stop()
    assert not written.exists()


@pytest.mark.usefixtures("little_patience")
def test_agent_that_hangs_is_given_up_and_not_written_beside(lodging, agent, segment, written, capsys):
    settle(lodging, agent)
    Recorder(segment, 0).log(20, "shop", "last")
    lodging.stop()
    assert agent.hear().word is Word.RELEASE
    assert not written.exists()
    assert "has not written out in 0 s" in capsys.readouterr().err


# The choice


@pytest.mark.parametrize(
    ("place", "kind"), [("embedded", Guardian), ("off", NoAgent), ("unix:/run/agent.sock", Lodging)]
)
def test_plan_says_who_sees_to_the_agent(segment, place, kind):
    made = dataclasses.replace(plan(), agent_place=place)
    keeper = keep_agent(made, Family(), Heritage(segment, Identity(), []), select.poll())
    assert type(keeper) is kind
    assert keeper.pid == 0


def test_without_an_agent_nothing_is_waited_for(caplog):
    nobody = NoAgent(dataclasses.replace(plan(), agent_place="off"))
    read_fd, write_fd = os.pipe()
    nobody.wait_for(read_fd, select.poll())
    os.close(write_fd)
    nobody.see_to_it()
    nobody.reopen()
    nobody.ended(0)
    nobody.stop()
    assert nobody.wait_s(0.0) is None
    nobody.replace(plan())
    assert "agent.kept agent=off" in caplog.text
