import logging

import pytest

from penstock.agent.exporters.trouble import PAUSE_S, TroubleTeller


@pytest.fixture
def teller():
    return TroubleTeller("otlp: collector c:4318")


def said(teller):
    return [(notice.level, notice.message) for notice in teller.take()]


BEGUN = (logging.ERROR, "otlp: collector c:4318: no route; what cannot leave in time is dropped and counted")
OVER = (logging.WARNING, "otlp: collector c:4318 takes it again")


def test_trouble_is_told_when_it_begins_and_when_it_is_over(teller):
    for now_s in range(5):
        teller.look("", now_s)
    assert said(teller) == []
    for now_s in range(5, 500):
        teller.look("no route", now_s)
    assert said(teller) == [BEGUN]
    teller.look("", 500)
    assert said(teller) == [OVER]


def test_trouble_that_comes_and_goes_is_told_once_a_minute(teller):
    for now_s in range(0, int(PAUSE_S), 2):
        teller.look("no route", now_s)
        teller.look("", now_s + 1)
    assert said(teller) == [BEGUN, OVER]
    teller.look("no route", PAUSE_S)
    assert said(teller) == [BEGUN]
