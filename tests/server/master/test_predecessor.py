import os
import select

import pytest

from penstock.server.master.family import Family
from penstock.server.master.predecessor import Predecessor


@pytest.fixture
def ends():
    read_fd, write_fd = os.pipe()
    yield read_fd, write_fd
    os.close(write_fd)


def test_nobody_is_waited_for_unless_there_is_somebody():
    predecessor = Predecessor(Family())
    predecessor.follow(-1, select.poll())
    assert (predecessor.is_expected_to_end, predecessor.is_there()) == (False, False)


def test_one_that_is_there_is_waited_for_until_it_has_ended(ends):
    family, poll = Family(), select.poll()
    predecessor = Predecessor(family)
    predecessor.follow(ends[0], poll)
    assert family.private_fds == {ends[0]}
    assert predecessor.is_there(0.01)
    os.write(ends[1], b"x")
    assert [fd for fd, _ in poll.poll(1000)] == [ends[0]]
    assert predecessor.is_expected_to_end
    assert not predecessor.is_there()
    assert (predecessor.is_expected_to_end, family.private_fds, poll.poll(0)) == (False, set(), [])
