"""The limits of a chart: changed, shown with their history, put back."""

import pytest
from spc.models import Chart
from spc.statistics import ChartKind

from penstock.web import db
from penstock.web.db import transaction
from penstock.web.test import Client

LIMITS = {
    "after": "1", "kind": "xbar-r", "alarm_weight": "1", "source": "baseline", "baseline_first": "0",
    "baseline_count": "40", "lower_spec": "88", "upper_spec": "96",
}  # fmt: skip
ENTERED = LIMITS | {"source": "entered", "centre": "92", "sigma": "1"}


def limits_of(client: Client) -> tuple[int, float | None]:
    chart = client.get("/api/v1/charts/1/").json()
    return chart["limits_version"], chart["centre"]


def test_change_of_the_limits_is_another_version_with_other_points(engineer: Client) -> None:
    before = engineer.get("/charts/1/points.json")
    assert engineer.post("/charts/1/limits/", ENTERED).status_code == 302
    after = engineer.get("/charts/1/points.json", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json()["series"][0]["centre"] == 92
    assert after.json()["baseline"] is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"alarm_weight": "heavy"}, "&#39;heavy&#39; is not a number"),
        ({"alarm_weight": "nan"}, "&#39;nan&#39;; expected a finite number"),
        ({"alarm_weight": "0"}, "0.01 to 100"),
        ({"baseline_count": "1"}, "2 or more"),
        ({"baseline_count": "1.5"}, "&#39;1.5&#39; is not a whole number"),
        ({"baseline_first": ""}, "Needed"),
        ({"lower_spec": "97"}, "96 is not above the lower limit 97"),
        ({"source": "entered"}, "Needed where the limits are entered"),
        ({"source": "entered", "centre": "92"}, "Needed where the limits of measurements are entered"),
        ({"source": "entered", "centre": "92", "sigma": "-1"}, "above 0"),
        ({"kind": "p"}, "Not a valid choice"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_limits_wrongly_filled_in_are_told_at_the_field(
    engineer: Client, wrong: dict[str, str], message: str
) -> None:
    answer = engineer.post("/charts/1/limits/", LIMITS | wrong)
    assert answer.status_code == 200
    assert message in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_centre_of_proportions_must_be_one(engineer: Client) -> None:
    answer = engineer.post("/charts/3/limits/", LIMITS | {"kind": "p", "source": "entered", "centre": "5"})
    assert "5 is not a proportion; expected 0 to 1" in answer.text


def test_baseline_without_measurements_is_told_on_the_page(engineer: Client) -> None:
    engineer.post("/charts/1/limits/", LIMITS | {"baseline_first": "500"})
    answer = engineer.get("/charts/1/")
    assert "There are no limits: " in answer.text
    assert engineer.get("/charts/1/points.json").json()["series"] == []
    assert engineer.get("/charts/1/chart.svg").status_code == 409
    assert engineer.get("/charts/1/table/").status_code == 200


def test_history_of_the_limits_says_who_changed_what_and_why(engineer: Client) -> None:
    engineer.post("/charts/1/limits/", ENTERED | {"alarm_weight": "2", "remark": "new recipe"})
    text = engineer.get("/charts/1/limits/").text
    assert "<td>new recipe</td>" in text
    for change in ("centre: none → 92", "sigma: none → 1", "alarm weight: 1 → 2"):
        assert f"{change}<br>" in text
    assert "baseline count" not in text


def test_earlier_limits_are_put_back_as_new_ones(engineer: Client) -> None:
    engineer.post("/charts/1/limits/", ENTERED)
    assert limits_of(engineer) == (2, 92)
    assert engineer.post("/charts/1/limits/1/revert/").status_code == 302
    assert limits_of(engineer) == (3, None)
    assert "back to version 1" in engineer.get("/charts/1/limits/").text


def test_of_two_engineers_the_second_is_told_that_limits_have_changed(engineer: Client) -> None:
    engineer.post("/charts/1/limits/", ENTERED)
    answer = engineer.post("/charts/1/limits/", ENTERED | {"centre": "93"})
    assert answer.status_code == 409
    assert "engineer has changed them meanwhile: version 2 is in force" in answer.text
    assert 'value="93"' in answer.text
    assert limits_of(engineer) == (2, 92)
    assert '<input id="after" name="after" type="hidden" value="2">' in answer.text  # sent again, it is meant
    assert engineer.post("/charts/1/limits/", ENTERED | {"centre": "93", "after": "2"}).status_code == 302
    assert limits_of(engineer) == (3, 93)


def test_limits_of_a_version_that_is_not_there_cannot_be_put_back(engineer: Client) -> None:
    assert engineer.post(f"/charts/1/limits/{10**30}/revert/").status_code == 404
    assert engineer.post("/charts/1/limits/9/revert/").status_code == 404


def test_viewer_is_shown_the_limits_and_may_change_none(viewer: Client) -> None:
    assert '<fieldset class="bare" disabled>' in viewer.get("/charts/1/limits/").text
    assert viewer.post("/charts/1/limits/", ENTERED).status_code == 403
    assert viewer.post("/charts/1/limits/1/revert/").status_code == 403
    assert limits_of(viewer) == (1, None)


def test_chart_that_nobody_has_changed_shows_its_pages_without_a_history(engineer: Client) -> None:
    with transaction.atomic():
        chart = Chart(parameter_id=1, kind=ChartKind.XBAR_R)
        db.session().add(chart)
        db.session().flush()
        number = chart.id
    for page in ("limits", "rules"):
        shown = engineer.get(f"/charts/{number}/{page}/")
        assert (shown.status_code, "Nobody has changed anything yet." in shown.text) == (200, True)
    assert engineer.post(f"/charts/{number}/limits/", LIMITS | {"after": "0"}).status_code == 302
