"""Whom a machine's agent takes, and what it opens for them."""

import dataclasses
import os
import socket
from pathlib import Path

import pytest

from penstock.agent.machine.admission import House, Peer, RefusedError, files_of, receive_candidate
from penstock.config import AgentConfig, ConfigError, MachineConfig
from penstock.telemetry.enrolment import Enrolment, EnrolmentError

OURS = 1000
HOUSE = House(OURS, frozenset({2000}), frozenset({50}), "")
FAMILY = Peer(7, OURS, frozenset({OURS}))
GUEST = Peer(7, 2000, frozenset({2000}))


def open_fds() -> int:
    """How many there are; an earlier test may leave some to the collector."""
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def offer(segment):
    """Descriptors as a master sends them: copies, which belong to whoever receives them."""

    def make(*others):
        return [os.dup(fd) for fd in (segment.fd, segment.wake_fd, 1, 2, *others)]

    return make


def enrolment(*, has_ops=False, name="shop.wsgi:app", **logs):
    return Enrolment(name, 4, logs, has_ops).to_text()


# Who


@pytest.mark.parametrize(
    ("peer", "is_let_in"),
    [
        pytest.param(FAMILY, True, id="our-user"),
        pytest.param(Peer(7, 0, frozenset({0})), True, id="root"),
        pytest.param(GUEST, True, id="allowed-user"),
        pytest.param(Peer(7, 3000, frozenset({3000, 50})), True, id="allowed-group"),
        pytest.param(Peer(7, 3000, frozenset({3000})), False, id="stranger"),
    ],
)
def test_peer_is_let_in_by_who_the_kernel_says_it_is(peer, is_let_in):
    if is_let_in:
        assert HOUSE.check(peer) is None
    else:
        with pytest.raises(RefusedError, match="user 3000 may not enrol here"):
            HOUSE.check(peer)


def test_kernel_says_who_connected():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        peer = Peer.of(ours)
    assert (peer.pid, peer.uid) == (os.getpid(), os.geteuid())
    assert peer.gids >= {os.getegid()}


def test_house_is_read_from_the_options():
    config = MachineConfig(agent_allow_uids=("33",), agent_allow_gids=("4", "5"), agent_log_folder="/l")
    assert House.of(config, 9) == House(9, frozenset({33}), frozenset({4, 5}), "/l")


@pytest.mark.parametrize("word", ["www-data", "-1", "0x1", "1 ", ""])
def test_user_that_is_no_number_is_refused(word):
    with pytest.raises(ConfigError, match="expected a number, as `id` prints it"):
        House.of(MachineConfig(agent_allow_uids=(word,)), 9)


# What


def test_candidate_has_what_was_sent(offer, segment):
    fds = offer()
    candidate = receive_candidate(HOUSE, FAMILY, enrolment(access_log="/a", log_level="error"), fds)
    assert candidate.enrolment.name == "shop.wsgi:app"
    assert candidate.logs == AgentConfig(access_log="/a", log_level="error")
    assert candidate.segment.layout == segment.layout
    assert candidate.standard_fds == tuple(fds[2:])
    before = open_fds()
    candidate.close()
    assert open_fds() <= before - 5  # the mapping has a copy of its own


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("no JSON", "expected JSON", id="text"),
        pytest.param(enrolment(shell="/bin/sh"), "option 'shell'", id="unknown-option"),
        pytest.param(enrolment(workers=4), "option 'workers'", id="option-of-another-package"),
        pytest.param(enrolment(log_level="loud"), "log_level = 'loud'; expected debug", id="choice"),
        pytest.param(enrolment(access_log=5), "access_log = '5'; expected a text", id="type"),
        pytest.param(enrolment(access_log="a\0b"), r"access_log 'a.x00b'; expected a path", id="path"),
        pytest.param(enrolment(log_query="yes"), "expected true or false", id="switch"),
        pytest.param(enrolment(has_ops=True), "4 descriptors; expected 5", id="too-few"),
    ],
)
def test_text_that_cannot_be_obeyed_is_refused_and_everything_closed(offer, text, expected):
    before = open_fds()
    with pytest.raises((RefusedError, EnrolmentError), match=expected):
        receive_candidate(HOUSE, FAMILY, text, offer())
    assert open_fds() <= before


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param(0, "memory: descriptor [0-9]+ has seals 0x0; expected", id="memory-that-is-not-sealed"),
        pytest.param(1, "wake-up '/memfd:x .deleted.'; expected an eventfd", id="wake-up"),
    ],
)
def test_descriptor_that_is_something_else_is_refused_and_everything_closed(offer, place, expected):
    before = open_fds()
    fds = offer()
    os.close(fds[place])
    fds[place] = os.memfd_create("x", os.MFD_ALLOW_SEALING)
    with pytest.raises(RefusedError, match=expected):
        receive_candidate(HOUSE, FAMILY, enrolment(), fds)
    assert open_fds() <= before


def test_wake_up_that_wakes_for_ever_is_refused(offer):
    fds = offer()
    os.close(fds[1])
    fds[1] = os.eventfd(1 << 31, os.EFD_SEMAPHORE)
    if "eventfd-semaphore" not in Path(f"/proc/self/fdinfo/{fds[1]}").read_text():
        pytest.skip("a kernel before 6.5")
    with pytest.raises(RefusedError, match="semaphore"):
        receive_candidate(HOUSE, FAMILY, enrolment(), fds)


@pytest.mark.parametrize("count", [0, 1, 3, 5, 8])
def test_other_numbers_of_descriptors_are_refused(count):
    before = open_fds()
    with pytest.raises(RefusedError, match=f"{count} descriptors; expected 4"):
        receive_candidate(HOUSE, FAMILY, enrolment(), [os.dup(0) for _ in range(count)])
    assert open_fds() <= before


def test_ops_port_must_be_a_listening_socket(offer):
    read_fd, write_fd = os.pipe()
    for fd in (read_fd, write_fd):
        with pytest.raises(RefusedError, match="no listening socket"):
            receive_candidate(HOUSE, FAMILY, enrolment(has_ops=True), offer(fd))
        os.close(fd)


def test_ops_port_comes_along(offer):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        candidate = receive_candidate(HOUSE, FAMILY, enrolment(has_ops=True), offer(listener.fileno()))
        assert candidate.ops.getsockname() == listener.getsockname()
        candidate.close()
        with pytest.raises(RefusedError, match="an ops port of user 2000"):
            receive_candidate(HOUSE, GUEST, enrolment(has_ops=True), offer(listener.fileno()))


# Whose files


def test_guest_without_a_folder_names_no_files(offer):
    with pytest.raises(RefusedError, match="user 2000 may name no files here"):
        receive_candidate(HOUSE, GUEST, enrolment(access_log="/root/.bashrc"), offer())


def test_guest_writes_to_its_own_open_descriptors(offer):
    candidate = receive_candidate(HOUSE, GUEST, enrolment(access_log="-", error_log="off"), offer())
    assert (candidate.logs.access_log, candidate.logs.error_log) == ("-", "off")
    candidate.close()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("shop.wsgi:app", "shop.wsgi_app"),
        ("../../etc", "_.._etc"),
        ("..", "_"),
        ("", "_"),
        ("a/b\0c", "a_b_c"),
    ],
)
def test_files_of_a_guest_stand_below_its_number_whatever_it_says(offer, tmp_path, name, folder):
    house = dataclasses.replace(HOUSE, log_folder=str(tmp_path))
    text = enrolment(name=name, access_log="/root/x", application_log="/y", error_log="-")
    candidate = receive_candidate(house, GUEST, text, offer())
    place = tmp_path / "2000" / folder
    assert place.is_dir()
    assert candidate.logs.access_log == str(place / "access.log")
    assert candidate.logs.application_log == f"{place}/application.log"
    assert candidate.logs.error_log == "-"
    candidate.close()


def test_folder_that_cannot_be_made_is_said(offer, tmp_path):
    (tmp_path / "2000").write_text("a file")
    house = dataclasses.replace(HOUSE, log_folder=str(tmp_path))
    with pytest.raises(RefusedError, match="log folder"):
        receive_candidate(house, GUEST, enrolment(access_log="/x"), offer())


def test_files_are_known_by_one_name(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "log")
    logs = AgentConfig(access_log=str(tmp_path / "link"), error_log="-")
    assert files_of(logs) == {str(tmp_path / "log")}
