"""Alarms: listed, acknowledged once, with a note."""

import pytest

from penstock.web.test import Client


def test_open_alarms_are_listed_with_the_way_to_their_point(viewer: Client) -> None:
    text = viewer.get("/alarms/").text
    assert '<a href="/charts/1/#50">FUR-01: thickness #50</a>' in text
    assert "Acknowledge" not in text


def test_alarm_is_acknowledged_with_a_note_by_somebody(engineer: Client) -> None:
    assert engineer.post("/alarms/1/", {"note": "a new boat"}).headers["Location"] == "/alarms/"
    assert "FUR-01: thickness #50" not in engineer.get("/alarms/").text
    text = engineer.get("/alarms/?state=acknowledged").text
    assert "a new boat" in text
    assert "engineer, 20" in text
    assert '<span class="badge good">in control</span>' in engineer.get("/").text


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ("", "Say what the cause was"),
        ("   ", "Say what the cause was"),
        ("x" * 1001, "At most 1000 characters"),
    ],
    ids=["empty", "blank", "long"],
)
def test_note_that_says_nothing_is_told_at_the_field(engineer: Client, note: str, message: str) -> None:
    answer = engineer.post("/alarms/1/", {"note": note})
    assert message in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_second_of_two_who_acknowledge_is_told_who_came_first(engineer: Client) -> None:
    engineer.post("/alarms/1/", {"note": "first"})
    answer = engineer.post("/alarms/1/", {"note": "second"})
    assert answer.status_code == 409
    assert "engineer has acknowledged it already" in answer.text
    assert engineer.get("/api/v1/alarms/1/").json()["note"] == "first"


def test_acknowledged_alarm_stays_when_rules_change(engineer: Client) -> None:
    engineer.post("/alarms/1/", {"note": "seen"})
    limits = {
        "kind": "xbar-r",
        "alarm_weight": "50",
        "source": "baseline",
        "after": "1",
        "baseline_first": "0",
        "baseline_count": "40",
    }
    engineer.post("/charts/1/limits/", limits)
    assert engineer.get("/api/v1/alarms/1/").json()["note"] == "seen"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=open", 1),
        ("state=acknowledged", 0),
        ("state=all", 1),
        ("state=nonsense", 1),
        ("tool=1", 1),
        ("tool=2", 1),
        ("chart=1", 1),
        ("chart=2", 0),
        ("chart=1'--", 1),
        ("chart=%C2%B2", 1),
        ("page=99999", 1),
        ("page=-1", 1),
        ("page=x", 1),
    ],
)
def test_filter_shows_what_is_asked_for_and_survives_nonsense(viewer: Client, query: str, count: int) -> None:
    assert viewer.get(f"/alarms/?{query}").text.count("thickness #50") == count


def test_points_of_the_baseline_raise_no_alarm(engineer: Client) -> None:
    limits = {
        "kind": "xbar-r",
        "alarm_weight": "1",
        "source": "baseline",
        "after": "1",
        "baseline_first": "0",
        "baseline_count": "60",
    }
    engineer.post("/charts/1/limits/", limits)
    assert engineer.get("/api/v1/alarms/").json()["items"] == []
