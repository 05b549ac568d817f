import os
import socket

import pytest

from penstock.server.message import (
    FAILED,
    HELLO,
    MAX_TEXT_BYTES,
    READY,
    Message,
    Order,
    open_channel,
    receive_message,
    receive_order,
    send_message,
    send_order,
)


@pytest.fixture
def channel():
    ours, theirs = open_channel()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_messages_stay_apart_and_carry_the_pid_of_who_sent_them(channel) -> None:
    ours, theirs = channel
    send_message(theirs.fileno(), HELLO)
    send_message(theirs.fileno(), FAILED, "no module named 'shöp'")
    assert receive_message(ours) == Message(HELLO, "", os.getpid())
    assert receive_message(ours) == Message(FAILED, "no module named 'shöp'", os.getpid())


def test_pid_is_that_of_the_process_that_speaks(channel) -> None:
    ours, theirs = channel
    pid = os.fork()
    if not pid:
        send_message(theirs.fileno(), READY)
        os._exit(0)
    os.waitpid(pid, 0)
    assert receive_message(ours) == Message(READY, "", pid)


def test_long_text_keeps_its_end(channel) -> None:
    ours, theirs = channel
    send_message(theirs.fileno(), FAILED, "x" * 2 * MAX_TEXT_BYTES + "the cause")
    message = receive_message(ours)
    assert len(message.text) == MAX_TEXT_BYTES
    assert message.text.endswith("the cause")


def test_channel_where_nobody_has_spoken_does_not_wait(channel) -> None:
    with pytest.raises(BlockingIOError):
        receive_message(channel[0])


def test_channel_that_has_ended_says_so(channel) -> None:
    ours, theirs = channel
    theirs.close()
    assert receive_message(ours) is None


def test_speaking_to_a_master_that_has_gone_is_no_failure(channel) -> None:
    ours, theirs = channel
    assert send_message(theirs.fileno(), READY)
    ours.close()
    assert not send_message(theirs.fileno(), READY)


def test_order_carries_the_channel_of_the_worker(channel) -> None:
    ours, theirs = channel
    for_worker, of_worker = socket.socketpair()
    send_order(ours, Order(3, 7, channel_fd=of_worker.fileno()))
    order = receive_order(theirs)
    assert (order.slot, order.generation) == (3, 7)
    os.write(order.channel_fd, b"it works")
    assert for_worker.recv(100) == b"it works"
    os.close(order.channel_fd)
    for_worker.close()
    of_worker.close()


def test_no_more_orders_come_from_a_master_that_has_gone(channel) -> None:
    ours, theirs = channel
    ours.close()
    assert receive_order(theirs) is None
