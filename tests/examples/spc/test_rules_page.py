"""The rules of a chart: changed, shown with their history, put back."""

import re

import pytest

from penstock.web.test import Client


def form(client: Client) -> dict[str, str]:
    """What the form of the first chart sends as it stands."""
    text = client.get("/charts/1/rules/").text
    sent = {}
    for field in re.findall(r"<input [^>]*>", text.split('name="after"')[0][-200:] + text):
        name, value = re.search('name="([^"]*)"', field), re.search('value="([^"]*)"', field)
        is_off = 'type="checkbox"' in field and " checked" not in field
        if name and not is_off:
            sent[name[1]] = value[1] if value else ""
    return sent


def open_alarms(client: Client) -> list[int]:
    return [
        each["subgroup"]
        for each in client.get("/api/v1/alarms/?limit=1000").json()["items"]
        if each["chart"] == 1
    ]


def test_changed_rules_are_in_force_at_once_and_the_history_says_who(engineer: Client) -> None:
    assert open_alarms(engineer) == [50]
    changed = form(engineer) | {"lines-0-sigmas": "0.5", "remark": "after the maintenance"}
    assert engineer.post("/charts/1/rules/", changed).status_code == 302
    assert len(open_alarms(engineer)) > 3
    text = engineer.get("/charts/1/rules/").text
    assert re.search(
        r"<td class=\"number\">2</td>.*?<td>engineer</td>\s*<td>after the maintenance</td>", text, re.DOTALL
    )
    assert "WE1: one point beyond 0.5 sigma, weight 1, on" in text


def test_rule_that_is_switched_off_withdraws_its_open_alarms(engineer: Client) -> None:
    changed = form(engineer)
    for number in range(4):
        changed.pop(f"lines-{number}-is_on")
    engineer.post("/charts/1/rules/", changed)
    assert open_alarms(engineer) == []
    assert "WE1 switched off" in engineer.get("/charts/1/rules/").text


def test_alarm_keeps_its_number_while_rules_change_around_it(engineer: Client) -> None:
    (before,) = engineer.get("/api/v1/alarms/").json()["items"]
    engineer.post("/charts/1/rules/", form(engineer) | {"lines-0-weight": "3"})
    (after,) = engineer.get("/api/v1/alarms/").json()["items"]
    assert (after["id"], after["weight"] - before["weight"]) == (before["id"], 2)


def test_earlier_version_is_put_back_as_a_new_one(engineer: Client) -> None:
    engineer.post("/charts/1/rules/", form(engineer) | {"lines-0-sigmas": "0.5"})
    assert engineer.post("/charts/1/rules/1/revert/").status_code == 302
    assert open_alarms(engineer) == [50]
    chart = engineer.get("/api/v1/charts/1/").json()
    assert (chart["rules_version"], chart["rules"][0]["sigmas"]) == (3, 3.0)
    assert "back to version 1" in engineer.get("/charts/1/rules/").text


@pytest.mark.parametrize(
    "name", ["lines-\u00b2-rule", f"lines-{'9' * 5000}-rule"], ids=["superscript", "endless"]
)
def test_line_without_a_number_is_a_bad_request(engineer: Client, name: str) -> None:
    assert engineer.post("/charts/1/rules/", form(engineer) | {name: "WE1"}).status_code == 400


def test_version_that_is_not_there_cannot_be_put_back(engineer: Client) -> None:
    assert engineer.post(f"/charts/1/rules/{10**30}/revert/").status_code == 404
    assert engineer.post("/charts/1/rules/9/revert/").status_code == 404


def test_of_two_engineers_the_second_is_told_that_rules_have_changed(engineer: Client) -> None:
    seen_by_both = form(engineer)
    engineer.post("/charts/1/rules/", seen_by_both | {"lines-0-sigmas": "2"})
    answer = engineer.post("/charts/1/rules/", seen_by_both | {"lines-0-sigmas": "4"})
    assert answer.status_code == 409
    assert "engineer has changed them meanwhile: version 2 is in force" in answer.text
    assert '<input id="after" name="after" type="hidden" value="2">' in answer.text
    assert engineer.get("/api/v1/charts/1/").json()["rules"][0]["sigmas"] == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lines-0-weight": ""}, "Needed"),
        ({"lines-0-weight": "heavy"}, "&#39;heavy&#39; is not a number"),
        ({"lines-0-weight": "inf"}, "expected a finite number"),
        ({"lines-0-weight": "-1"}, "0 to 100"),
        ({"lines-0-run": "two"}, "&#39;two&#39; is not a whole number"),
        ({"lines-1-run": "4"}, "run 4 out of 3 of rule WE2; expected 1 &lt;= run &lt;= out of"),
        ({"lines-6-sigmas": "1"}, "for rule N3; expected 2 or more out of as many, 0 sigmas"),
        ({"lines-0-rule": "X9"}, "&#39;X9&#39; is not a valid Rule"),
        ({"lines-0-rule": "N1"}, "each rule is expected once"),
        ({"remark": "x" * 201}, "At most 200 characters"),
    ],
    ids=[
        "empty",
        "word",
        "infinite",
        "negative",
        "word-for-count",
        "run",
        "no-line",
        "no-rule",
        "twice",
        "long",
    ],
)
def test_rules_wrongly_filled_in_are_told_and_not_saved(
    engineer: Client, wrong: dict[str, str], message: str
) -> None:
    answer = engineer.post("/charts/1/rules/", form(engineer) | wrong)
    assert message in answer.text
    assert 'class="fault"' in answer.text or 'class="notice wrong"' in answer.text
    assert engineer.get("/api/v1/charts/1/").json()["rules_version"] == 1


def test_form_without_rules_changes_nothing(engineer: Client) -> None:
    assert "each rule is expected once" in engineer.post("/charts/1/rules/", {}).text


def test_viewer_is_shown_the_rules_and_can_type_into_none(viewer: Client, engineer: Client) -> None:
    assert '<fieldset class="bare" disabled>' in viewer.get("/charts/1/rules/").text
    assert '<fieldset class="bare">' in engineer.get("/charts/1/rules/").text
