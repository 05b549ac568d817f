"""The page of a chart, its points, its pictures."""

import gzip
import json

import pytest

from penstock.web.test import Client


def test_page_names_what_is_measured_and_shows_limits_and_capability(viewer: Client) -> None:
    text = viewer.get("/charts/1/").text
    assert "FUR-01: thickness" in text
    assert "X-bar/R chart of 60 subgroups" in text
    assert "<h2>Limits, in nm</h2>" in text
    assert "<dt>Cpk</dt>" in text
    assert '<path d="M' in text


def test_page_of_counts_shows_no_capability(viewer: Client) -> None:
    assert "<dt>Cpk</dt>" not in viewer.get("/charts/3/").text


def test_points_hold_numbers_and_times_as_steps(viewer: Client) -> None:
    sent = viewer.get("/charts/1/points.json").json()
    assert sent["numbers"] == [1] * 60
    assert sent["times"] == [1_760_000_000] + [2700] * 59
    assert [series["name"] for series in sent["series"]] == ["X-bar", "R"]
    assert sent["baseline"] == [0, 39]
    assert 49 in sent["series"][0]["violations"]["WE1"]
    assert isinstance(sent["series"][0]["upper"], float)


def test_points_come_compressed_to_who_takes_that(viewer: Client) -> None:
    plain = viewer.get("/charts/1/points.json")
    packed = viewer.get("/charts/1/points.json", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_points_that_the_browser_has_are_not_sent_again(viewer: Client) -> None:
    etag = viewer.get("/charts/1/points.json").headers["ETag"]
    again = viewer.get("/charts/1/points.json", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)


def test_points_whose_address_names_the_version_are_kept_unasked(viewer: Client) -> None:
    version = viewer.get("/charts/1/points.json").json()["version"]
    assert "immutable" in viewer.get(f"/charts/1/points.json?version={version}").headers["Cache-Control"]
    assert "no-cache" in viewer.get("/charts/1/points.json?version=999").headers["Cache-Control"]


def test_points_never_enter_a_shared_cache(viewer: Client) -> None:
    assert "private" in viewer.get("/charts/1/points.json").headers["Cache-Control"]


def test_picture_is_an_svg_with_the_name(viewer: Client) -> None:
    answer = viewer.get("/charts/1/chart.svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.content.startswith(b"<svg")
    assert b"FUR-01: thickness" in answer.content


def test_table_shows_the_newest_first_with_what_was_measured(viewer: Client) -> None:
    text = viewer.get("/charts/1/table/").text
    assert text.index(">60</a>") < text.index(">59</a>")
    assert '<span class="badge alarm">WE1' in text


@pytest.mark.parametrize("number", ["4", "99999999999999999999"])
def test_chart_that_is_not_there_is_a_404(viewer: Client, number: str) -> None:
    assert viewer.get(f"/charts/{number}/").status_code == 404


def test_overview_shows_each_tool_with_its_open_alarms(viewer: Client) -> None:
    text = viewer.get("/").text
    assert "FUR-01" in text
    assert '<span class="badge alarm">1 open</span>' in text
    assert text.count("<polyline") == 3


def test_tooltips_measurements_come_from_the_api(viewer: Client) -> None:
    page = viewer.get("/charts/1/").text
    path = page.split('data-subgroup="')[1].split('"')[0].replace("{number}", "50")
    values = json.loads(viewer.get(path).content)["values"]
    assert len(values) == 5
    assert min(values) > 96
