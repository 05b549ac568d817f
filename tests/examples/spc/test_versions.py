"""Versions of a chart: several people change it at once, on a database that lets them."""

import threading

import pytest
from spc.models import Chart
from spc.versions import begin_version
from tests.examples.spc.test_rules_page import form

from penstock.web import db
from penstock.web.db import transaction
from penstock.web.test import Client

ENGINEERS = 4
LIMITS = {"after": "1", "kind": "xbar-r", "alarm_weight": "1", "source": "entered", "baseline_first": "0",
          "baseline_count": "40", "centre": "92", "sigma": "1"}  # fmt: skip


@pytest.fixture
def engineers(on_postgresql: None) -> list[Client]:
    """Browsers in which an engineer has logged in."""
    browsers = [Client(HTTP_HOST="localhost") for _ in range(ENGINEERS)]
    for browser in browsers:
        browser.post("/log-in/", {"name": "engineer", "password": "engineer"})
    return browsers


def post_at_once(engineers: list[Client], path: str, forms: list[dict[str, str]]) -> list[int]:
    """Return the status that each got, the smallest first."""
    together, answered = threading.Barrier(len(engineers)), list[int]()

    def post(browser: Client, sent: dict[str, str]) -> None:
        together.wait(30)
        answered.append(browser.post(path, sent).status_code)
        db.close_sessions()

    threads = [threading.Thread(target=post, args=each) for each in zip(engineers, forms, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(answered)


def version() -> int:
    try:
        return db.session().get_one(Chart, 1).version
    finally:
        db.close_sessions()


def change() -> None:
    with transaction.atomic():
        begin_version(db.session().get_one(Chart, 1))
    db.close_sessions()


def test_second_change_of_a_chart_waits_for_the_first_and_is_another_version(on_postgresql: None) -> None:
    before, second = version(), threading.Thread(target=change)
    with transaction.atomic():
        begin_version(db.session().get_one(Chart, 1))
        second.start()
        second.join(0.3)
        assert second.is_alive()
    second.join(30)
    db.close_sessions()
    assert version() == before + 2


def test_of_several_who_change_the_limits_at_once_one_comes_first(engineers: list[Client]) -> None:
    before = version()
    forms = [LIMITS | {"centre": str(90 + number)} for number in range(ENGINEERS)]
    assert post_at_once(engineers, "/charts/1/limits/", forms) == [302] + [409] * (ENGINEERS - 1)
    assert version() == before + 1


def test_of_several_who_change_the_rules_at_once_one_comes_first(engineers: list[Client]) -> None:
    for _turn in range(3):
        seen, before = form(engineers[0]), version()
        forms = [seen | {"lines-0-sigmas": str(1 + number)} for number in range(ENGINEERS)]
        assert post_at_once(engineers, "/charts/1/rules/", forms) == [302] + [409] * (ENGINEERS - 1)
        assert version() == before + 1
