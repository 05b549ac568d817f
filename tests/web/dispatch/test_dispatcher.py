"""dispatch/dispatcher.py; Django's own tests of it run in tests/django_suite."""

import asyncio
import gc
import logging
import threading

import pytest

from penstock.web.dispatch import Signal, receiver
from penstock.web.dispatch.dispatcher import MAX_REMEMBERED_SENDERS


class Log:
    """Receivers that note what they were told."""

    def __init__(self):
        self.told = []

    def note(self, sender, **named):
        self.told.append((sender, named.get("value")))
        return len(self.told)

    async def anote(self, sender, **named):
        await asyncio.sleep(0)
        return self.note(sender, **named)

    def fail(self, **named):
        raise ValueError("on purpose")

    async def afail(self, **named):
        raise ValueError("on purpose")


@pytest.fixture
def log():
    return Log()


def test_receivers_are_told_and_their_answers_returned(log):
    signal = Signal()
    signal.connect(log.note)
    assert signal.send("sender", value=1) == [(log.note, 1)]
    assert log.told == [("sender", 1)]


def test_nobody_is_told_by_a_signal_without_receivers():
    signal = Signal()
    assert signal.send("x") == signal.send_robust("x") == []
    assert asyncio.run(signal.asend("x")) == asyncio.run(signal.asend_robust("x")) == []
    assert not signal.receivers


def test_a_receiver_that_is_connected_twice_is_told_once(log):
    signal = Signal()
    for _ in range(2):
        signal.connect(log.note)
    signal.send("x")
    assert len(log.told) == 1


def test_a_dispatch_uid_tells_receivers_apart(log):
    signal = Signal()
    signal.connect(log.note, dispatch_uid="one")
    signal.connect(log.fail, dispatch_uid="one")
    signal.connect(log.note, dispatch_uid="two")
    assert len(signal.send("x")) == 2
    assert signal.disconnect(dispatch_uid="one")
    assert not signal.disconnect(dispatch_uid="one")
    assert len(signal.send("x")) == 1


def test_a_receiver_listens_to_its_sender_alone(log):
    signal, ours, other = Signal(), object(), object()
    signal.connect(log.note, sender=ours)
    assert (signal.has_listeners(ours), signal.has_listeners(other)) == (True, False)
    assert len(signal.send(ours)) == 1
    assert signal.send(other) == []
    assert not signal.disconnect(log.note)
    assert signal.disconnect(log.note, sender=ours)


def test_what_was_worked_out_for_a_sender_is_forgotten_at_a_change(log):
    signal = Signal()
    signal.connect(log.note)
    assert len(signal.send("x")) == 1
    signal.connect(log.anote)
    assert len(signal.send("x")) == 2
    signal.disconnect(log.note)
    assert len(signal.send("x")) == 1


def test_senders_that_are_made_for_each_call_do_not_fill_the_memory(log):
    signal = Signal()
    signal.connect(log.note)
    senders = [object() for _ in range(MAX_REMEMBERED_SENDERS + 10)]
    for sender in senders:
        signal.send(sender)
    assert len(signal._audiences) <= MAX_REMEMBERED_SENDERS


@pytest.mark.parametrize("weak", [True, False])
def test_a_receiver_is_kept_alive_only_if_asked(weak):
    signal = Signal()
    told = []

    def local(**named):
        told.append(1)

    signal.connect(local, weak=weak)
    del local
    gc.collect()
    signal.send("x")
    assert bool(told) is not weak
    assert signal.has_listeners() is not weak
    assert bool(signal.receivers) is not weak


def test_a_method_lives_as_long_as_its_object():
    signal, log = Signal(), Log()
    signal.connect(log.note)
    gc.collect()
    assert signal.has_listeners()
    del log
    gc.collect()
    assert not signal.has_listeners()


def test_a_callable_object_is_a_receiver():
    class Callable:
        def __call__(self, **named):
            return "called"

    signal, target = Signal(), Callable()
    signal.connect(target)
    assert signal.send("x") == [(target, "called")]


def test_an_exception_ends_a_send_and_is_an_answer_of_a_robust_one(log, caplog):
    signal = Signal()
    signal.connect(log.fail)
    signal.connect(log.note)
    with pytest.raises(ValueError, match="on purpose"):
        signal.send("x")
    assert log.told == []
    with caplog.at_level(logging.ERROR, "penstock.web.dispatch"):
        (_, error), (_, answer) = signal.send_robust("x")
    assert isinstance(error, ValueError)
    assert answer == 1
    assert caplog.records[0].exc_info[1] is error
    assert "Log.fail" in caplog.records[0].getMessage()


def test_coroutines_are_awaited_after_the_synchronous(log):
    signal = Signal()
    signal.connect(log.anote)
    signal.connect(log.note)
    assert signal.send("x") == [(log.note, 1), (log.anote, 2)]
    assert asyncio.run(signal.asend("x"))[1][0] == log.anote


def test_a_coroutine_that_fails_is_raised_as_itself_or_answered(log):
    signal = Signal()
    signal.connect(log.afail)
    with pytest.raises(ValueError, match="on purpose"):
        signal.send("x")
    with pytest.raises(ValueError, match="on purpose"):
        asyncio.run(signal.asend("x"))
    assert isinstance(signal.send_robust("x")[0][1], ValueError)
    assert isinstance(asyncio.run(signal.asend_robust("x"))[0][1], ValueError)


def test_coroutines_run_beside_each_other():
    signal, order = Signal(), []

    def make(name):
        async def run(**named):
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")

        return run

    receivers = [make("a"), make("b")]
    for each in receivers:
        signal.connect(each)
    asyncio.run(signal.asend("x"))
    assert order[:2] == ["a begins", "b begins"]


def test_several_failures_at_once_are_a_group():
    signal, has_begun = Signal(), asyncio.Event()

    def make(error):
        async def fail(**named):
            try:
                has_begun.set()
                await asyncio.sleep(3600)
            finally:
                raise error  # while it is being cancelled for the other's failure

        return fail

    async def first(**named):
        await has_begun.wait()
        raise KeyError("first")

    second = make(ValueError("second"))
    signal.connect(first)
    signal.connect(second)
    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(signal.asend("x"))
    assert {type(error) for error in caught.value.exceptions} == {KeyError, ValueError}


def test_the_decorator_connects_to_one_signal_and_to_several():
    first, second = Signal(), Signal()

    @receiver([first, second])
    def one(**named):
        return 1

    @receiver(first, sender="s")
    def two(**named):
        return 2

    assert [answer for _, answer in first.send("s")] == [1, 2]
    assert [answer for _, answer in second.send("s")] == [1]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        pytest.param(5, TypeError, id="not-callable"),
        pytest.param(lambda sender: 1, ValueError, id="no-kwargs"),
    ],
)
def test_while_debugging_what_cannot_be_told_is_refused(bad, error, override):
    override(DEBUG=True)
    with pytest.raises(error, match="Signal receivers must"):
        Signal().connect(bad)


def test_threads_connect_and_send_at_once(log):
    signal = Signal()
    errors = []

    def work(number):
        try:
            for round_ in range(100):
                target = Log()
                signal.connect(target.note, dispatch_uid=(number, round_))
                signal.send("x")
                signal.disconnect(dispatch_uid=(number, round_))
        except Exception as error:  # noqa: BLE001  # it happens in a thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert not signal.has_listeners()
