"""The JSON API: its lists, its pages, its faults."""

import json
from collections.abc import Callable

import pytest
from spc.models import Import
from spc.views.api import ENDPOINTS

from penstock.web import db
from penstock.web.test import Client


def test_tools_come_with_parameters_and_charts(viewer: Client) -> None:
    (tool,) = viewer.get("/api/v1/tools/").json()["items"]
    assert tool["name"] == "FUR-01"
    assert [each["name"] for each in tool["parameters"]] == ["thickness", "pressure", "scratches"]
    assert tool["parameters"][0]["charts"][0]["points"] == "/charts/1/points.json"


def test_list_is_read_to_its_end_by_following_next(viewer: Client) -> None:
    path, numbers = "/api/v1/parameters/1/subgroups/?limit=25", []
    while path:
        page = viewer.get(path).json()
        numbers += [each["number"] for each in page["items"]]
        path = page["next"]
    assert numbers == list(range(1, 61))


def test_subgroup_has_its_measurements_and_its_moment(viewer: Client) -> None:
    found = viewer.get("/api/v1/parameters/1/subgroups/2/").json()
    assert found["taken_at"] == "2025-10-09T09:38:20+00:00"
    assert len(found["values"]) == 5


@pytest.mark.parametrize(
    "path",
    [
        "charts/9/",
        "parameters/9/subgroups/",
        "parameters/1/subgroups/61/",
        "alarms/9/",
        "charts/9999999999999999/",
        f"parameters/1/subgroups/{10**30}/",
        f"parameters/{10**30}/subgroups/1/",
    ],
)
def test_what_is_not_there_is_a_404_in_json(viewer: Client, path: str) -> None:
    answer = viewer.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert "error" in answer.json()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit 0; expected 1 to 1000"),
        ("limit=1001", "limit 1001; expected 1 to 1000"),
        ("limit=x", "limit 'x'; expected a whole number below 10^9"),
        ("after=-1", "after '-1'; expected a whole number below 10^9"),
        ("after=1%20OR%201", "after '1 OR 1'; expected a whole number below 10^9"),
        ("state=shut", "state 'shut'; expected open, acknowledged or all"),
    ],
)
def test_question_that_cannot_be_read_is_a_400_that_says_why(
    viewer: Client, query: str, message: str
) -> None:
    answer = viewer.get(f"/api/v1/alarms/?{query}")
    assert (answer.status_code, answer.json()) == (400, {"error": message})


def acknowledge(client: Client, body: str):
    return client.post("/api/v1/alarms/1/acknowledge/", body, content_type="application/json")


def test_alarm_is_acknowledged_once(engineer: Client) -> None:
    answer = acknowledge(engineer, json.dumps({"note": "cleaned"}))
    assert (answer.json()["note"], answer.json()["acknowledged_by"]) == ("cleaned", "engineer")
    assert acknowledge(engineer, json.dumps({"note": "again"})).status_code == 409


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "{}", '{"note": 1}', '{"note": " "}', json.dumps({"note": "x" * 1001}),
     '{"note": "\\ud800"}', '{"note": "a\\u0000"}', "[" * 100_000],
    ids=["empty", "cut", "list", "nothing", "number", "blank", "long", "half-a-pair", "nul", "deep"],
)  # fmt: skip
def test_note_that_is_none_is_a_400(engineer: Client, body: str) -> None:
    assert acknowledge(engineer, body).status_code == 400


def test_acknowledging_needs_the_csrf_token(log_in: Callable[..., Client]) -> None:
    client = log_in("engineer")
    client.handler.enforce_csrf_checks = True
    assert acknowledge(client, '{"note": "x"}').status_code == 403


def test_description_names_each_path_and_every_path_is_there(viewer: Client) -> None:
    db.session().add(Import(file_name="f", size_bytes=1, uploaded_by_id=1))
    db.session().commit()
    text = viewer.get("/api/").text
    for each in ENDPOINTS:
        assert each.path.replace("&", "&amp;") in text
        path = each.path.split("?")[0].replace("NUMBER", "1").replace("ID", "1")
        assert viewer.get(path).status_code == (200 if each.method == "GET" else 405)
