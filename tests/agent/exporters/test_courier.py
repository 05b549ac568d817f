import threading

import pytest

from penstock.agent.exporters.courier import Courier, Parcel
from penstock.agent.exporters.delivery import Delivery, Verdict

TAKEN = Delivery(Verdict.TAKEN)
LATER = Delivery(Verdict.TRY_AGAIN, "status 503")
REFUSED = Delivery(Verdict.REFUSED, "status 400")
PATIENCE_S = 10.0


class FakeTarget:
    """Gives the verdicts that a test wants, then takes everything."""

    def __init__(self, *deliveries):
        self.deliveries = list(deliveries)
        self.messages = []
        self.is_closed = False
        self._came = threading.Condition()

    def deliver(self, path, message):
        with self._came:
            self.messages.append((path, message))
            self._came.notify_all()
            delivery = self.deliveries.pop(0) if self.deliveries else TAKEN
        return delivery() if callable(delivery) else delivery

    def close(self):
        self.is_closed = True

    def wait(self, count):
        with self._came:
            assert self._came.wait_for(lambda: len(self.messages) >= count, PATIENCE_S)


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def parcel(name, count=1, weight=1, read_answer=lambda _: (0, ""), pack=None):
    return Parcel("spans", "/v1/traces", count, weight, pack or (lambda: name), read_answer)


def settled(courier, **counts) -> bool:
    """Whether the courier's counts become these; it is polled, for it tells nobody."""
    end = threading.Event()
    for _ in range(3000):
        report = courier.report()
        if {name: report.get(name, 0) for name in counts} == counts:
            return True
        end.wait(0.01)
    return False


@pytest.fixture
def start(monkeypatch):
    monkeypatch.setattr("penstock.agent.exporters.courier._FIRST_WAIT_S", 0.01)
    made = []

    def begin(target, **options):
        made.append(Courier(target, "courier", **options))
        return made[-1]

    yield begin
    for courier in made:
        courier.close(PATIENCE_S)


def test_parcels_arrive_in_order(start):
    target = FakeTarget()
    courier = start(target)
    for number in range(5):
        courier.put(parcel(number, count=2))
    assert settled(courier, spans_sent=10, waiting=0)
    assert target.messages == [("/v1/traces", number) for number in range(5)]


def test_parcel_is_tried_again_until_it_is_taken(start):
    target = FakeTarget(LATER, LATER)
    courier = start(target)
    courier.put(parcel("a"))
    courier.put(parcel("b"))
    assert settled(courier, spans_sent=2, tried_again=2)
    assert [message for _, message in target.messages] == ["a", "a", "a", "b"]
    assert courier.report()["trouble"] == ""


def test_refused_parcel_is_dropped_and_the_next_one_goes(start):
    target = FakeTarget(REFUSED)
    courier = start(target)
    courier.put(parcel("a", count=3))
    assert settled(courier, spans_dropped=3)
    assert courier.report()["trouble"] == "status 400"
    courier.put(parcel("b"))
    assert settled(courier, spans_sent=1, spans_dropped=3)


def test_part_that_the_collector_rejects_is_counted(start):
    courier = start(FakeTarget())
    courier.put(parcel("a", count=10, read_answer=lambda _: (4, "too old")))
    assert settled(courier, spans_sent=6, spans_rejected=4)
    assert courier.report()["trouble"] == "too old"


@pytest.mark.parametrize(
    ("rejected", "sent"), [pytest.param(99, 0, id="more-than-came"), pytest.param(-1, 5, id="less-than-none")]
)
def test_number_that_cannot_be_is_brought_into_range(start, rejected, sent):
    courier = start(FakeTarget())
    courier.put(parcel("a", count=5, read_answer=lambda _: (rejected, "")))
    assert settled(courier, spans_sent=sent, spans_rejected=5 - sent)


def fail():
    raise ValueError("no message")


def test_answer_that_nobody_can_read_was_still_taken(start):
    courier = start(FakeTarget())
    courier.put(parcel("a", read_answer=lambda _: fail()))
    assert settled(courier, spans_sent=1)


def test_parcel_that_cannot_be_packed_is_dropped(start):
    courier = start(FakeTarget())
    courier.put(parcel("a", pack=fail))
    assert settled(courier, spans_dropped=1)
    assert courier.report()["trouble"] == "ValueError: no message"


def test_target_that_raises_ends_nothing(start):
    courier = start(FakeTarget(fail))
    courier.put(parcel("a"))
    courier.put(parcel("b"))
    assert settled(courier, spans_dropped=1, spans_sent=1)


def test_oldest_make_room_while_the_collector_is_away(start):
    gate = threading.Event()

    def hang():
        gate.wait(PATIENCE_S)
        return TAKEN

    target = FakeTarget(hang)
    courier = start(target, max_weight=30)
    courier.put(parcel("first", weight=10))
    target.wait(1)
    for name in "abcd":
        courier.put(parcel(name, weight=10))
    assert courier.report()["spans_dropped"] == 2
    gate.set()
    assert settled(courier, spans_sent=4, spans_dropped=1)  # the first was on its way, and arrived
    assert [message for _, message in target.messages] == ["first", "b", "c", "d"]


def test_one_parcel_is_kept_however_large(start):
    courier = start(FakeTarget(), max_weight=30)
    courier.put(parcel("a", weight=1000))
    assert settled(courier, spans_sent=1)


def test_parcel_that_is_too_old_is_dropped(start):
    clock = Clock()

    def grow_old():
        clock.now_s += 301
        return LATER

    target = FakeTarget(grow_old)
    courier = start(target, now_s=clock)
    courier.put(parcel("a"))
    assert settled(courier, spans_dropped=1)
    assert len(target.messages) == 1


def test_courier_waits_as_long_as_it_is_asked_to(start):
    courier = start(FakeTarget(Delivery(Verdict.TRY_AGAIN, "status 429", wait_s=3600)))
    courier.put(parcel("a"))
    assert settled(courier, tried_again=0, waiting=1)
    assert courier.has_waiting("spans")
    assert not courier.has_waiting("metrics")
    courier.close(PATIENCE_S)
    assert courier.report()["spans_dropped"] == 1


def test_what_waits_is_delivered_on_leaving_if_it_is_taken_at_once(start):
    target = FakeTarget()
    courier = start(target)
    courier.put(parcel("a"))
    courier.close(PATIENCE_S)
    assert courier.report()["spans_sent"] == 1
    assert target.is_closed


def test_leaving_does_not_wait_for_a_collector_that_hangs(start):
    gate = threading.Event()
    target = FakeTarget(lambda: gate.wait(PATIENCE_S) and LATER)
    courier = start(target)
    courier.put(parcel("a"))
    target.wait(1)
    courier.close(0.05)
    assert courier.report()["spans_dropped"] == 1
    gate.set()


def test_courier_that_had_nothing_to_do_has_no_thread(start):
    before = threading.active_count()
    courier = start(FakeTarget())
    assert threading.active_count() == before
    assert courier.report() == {"waiting": 0, "trouble": ""}
