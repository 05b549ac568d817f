"""The SPC site clicked through in a headless Chromium, on the whole sample of 1,000,000 measurements.

Screenshots are kept in .cache/flows, so that a person can look at what the tests have seen.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from tests.flows.harness import ROOT, Server, clean_environment, wait_until

pytestmark = pytest.mark.flow

SITE = ROOT / "examples" / "spc"
SCREENSHOTS = ROOT / ".cache" / "flows"
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site that has its sample."""
    data = tmp_path_factory.mktemp("spc")
    environment = clean_environment({"SPC_DATA": str(data), "PENSTOCK_SETTINGS_MODULE": "spc.settings"})
    for words in (["penstock", "migrate"], ["spc.prepare"]):
        command = [sys.executable, "-m", *words]
        subprocess.run(command, cwd=SITE, env=environment, check=True, capture_output=True)
    return data


@pytest.fixture
def site(serve, sample: Path) -> Server:
    environment = {"SPC_DATA": str(sample), "PENSTOCK_SETTINGS_MODULE": "spc.settings"}
    words = ("spc.wsgi", "--chdir", str(SITE), "-b", "127.0.0.1:0", "-w", "2")
    return serve(*words, bare=True, environment=environment)


@pytest.fixture
def page(require_program) -> Iterator[Page]:
    """A browser window; what a page complains of in its console fails the test."""
    program = require_program("chromium", "chromium-browser", "google-chrome")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(
            timeout=PATIENCE_MS
        )  # an import starts a process: on a busy machine that takes its time
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        yield page
        browser.close()
    assert complaints == []


def log_in(page: Page, site: Server, name: str) -> None:
    page.goto(f"{site.url}/")
    page.fill("#name", name)
    page.fill("#password", name)
    page.click("button.main")
    expect(page.locator("h1")).to_have_text("Tools")


def points(page: Page, site: Server, chart: int) -> dict[str, Any]:
    return json.loads(page.request.get(f"{site.url}/charts/{chart}/points.json").body())


def keep(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"spc-{name}.png")


@pytest.mark.timeout(400)
def test_engineer_imports_changes_a_rule_sees_an_alarm_and_exports(site, page: Page, tmp_path: Path) -> None:
    log_in(page, site, "engineer")
    expect(page.locator(".tools .card")).to_have_count(14)
    keep(page, "1-tools")

    # A wrong file first: its fault stands at the row, and nothing is stored.
    head = "tool,parameter,subgroup,taken_at,value\n"
    moment = "2026-01-01T00:00:00Z"
    good = f"FUR-01,pressure,10001,{moment},33.3\nFUR-01,pressure,10002,{moment},33.31\n"
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(head + good + f"FUR-01,pressure,10003,{moment},high\n")
    page.click("nav >> text=Imports")
    page.click("text=Import >> nth=-1")
    expect(page.locator(".fault")).to_have_text("Choose a file")
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(201 * 1024 * 1024)
    page.set_input_files("#file", large)
    page.click("#upload button")
    expect(page.locator(".fault")).to_have_text("large.csv has 201.0 MB; expected at most 200.0 MB")
    page.set_input_files("#file", wrong)
    page.click("#upload button")
    expect(page.locator("[role=alert]")).to_contain_text("1 of 3 rows are wrong. Nothing")
    expect(page.locator("tbody tr")).to_contain_text(["'high'; expected a number"])
    keep(page, "2-wrong-import")

    right = tmp_path / "right.csv"
    right.write_text(head + good)
    page.click("text=All imports")
    page.set_input_files("#file", right)
    page.click("#upload button")
    expect(page.locator(".notice")).to_contain_text("2 measurements are stored")
    assert len(points(page, site, 3)["numbers"]) == 10_002

    # A rule, wrongly and then rightly: the new points are alarms at once.
    page.goto(f"{site.url}/charts/3/rules/")
    page.fill("[aria-label='WE1 sigmas']", "30")
    page.click("text=Put into force")
    expect(page.locator(".fault")).to_have_text("0 to 10")
    page.fill("[aria-label='WE1 sigmas']", "0.01")
    page.fill("#remark", "everything is an alarm")
    page.click("text=Put into force")
    expect(page.locator(".notice")).to_contain_text("Version 2 is in force")
    keep(page, "3-rules")

    page.goto(f"{site.url}/alarms/?chart=3")
    page.click("a:has-text('#10002')")
    expect(page.locator("#chart")).to_have_attribute("data-ready", "yes")
    expect(page.locator("#spoken")).to_contain_text("Subgroup 10002")
    expect(page.locator("#tooltip small")).to_have_text("measured: 33.31")
    expect(page.locator("#tooltip")).to_contain_text("WE1: one point beyond 0.01 sigma")
    keep(page, "4-chart")

    page.go_back()
    page.click("tr:has-text('#10002') >> text=Acknowledge")
    page.click("main >> button")
    expect(page.locator(".fault")).to_contain_text("Say what the cause was")
    page.fill("#note", "the rule was wrong")
    page.click("main >> button")
    expect(page.locator(".notice")).to_have_text("The alarm is acknowledged.")

    page.goto(f"{site.url}/charts/3/")
    with page.expect_download() as csv:
        page.click("text=Measurements as CSV")
    assert Path(csv.value.path()).read_text().endswith(f"FUR-01,pressure,10002,{moment},33.31,1\n")
    expect(page.locator("#chart")).to_have_attribute("data-ready", "yes")
    with page.expect_download() as picture:
        page.click("text=Chart as PNG")
    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")

    page.goto(f"{site.url}/charts/3/rules/")
    page.click("text=Revert to it")
    expect(page.locator("tbody tr:has-text('back to version 1')")).to_contain_text("in force")
    page.click("text=Log out")
    page.goto(f"{site.url}/charts/3/")
    expect(page.locator("h1")).to_have_text("Log in")


@pytest.mark.timeout(400)
def test_chart_of_10_000_points_is_zoomed_and_read_by_mouse_and_keys(site, page: Page) -> None:
    log_in(page, site, "viewer")
    page.goto(f"{site.url}/charts/1/")
    canvas = page.locator("#chart")
    expect(canvas).to_have_attribute("data-ready", "yes")

    def window() -> float:
        return page.evaluate("chart.last - chart.first")

    begun = window()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 400, box["y"] + 150)
    page.mouse.wheel(0, 100)
    wait_until(lambda: page.evaluate("scrollY") > 0, "the page has moved")
    assert window() == begun  # it is the page's wheel until somebody chooses the chart
    page.evaluate("scrollTo(0, 0)")
    canvas.click(position={"x": 400, "y": 150})
    page.mouse.wheel(0, -600)
    wait_until(lambda: window() < begun, "the chart is nearer")
    page.click("text=All")
    assert window() == 9_999
    keep(page, "5-all")

    canvas.focus()
    page.keyboard.press("Home")
    expect(page.locator("#spoken")).to_contain_text("Subgroup 1,")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#spoken")).to_contain_text("violates")
    page.keyboard.press("Escape")
    expect(page.locator("#tooltip")).to_be_hidden()
    page.click("text=The same as a table")
    assert re.search("page 1 of 100, 10,000 in all", page.inner_text("main"))
    expect(page.locator("text=Limits")).to_have_count(0)


@pytest.mark.timeout(400)
def test_chart_on_a_wall_monitor_grows_and_still_chooses_the_point_under_the_pointer(
    site, page: Page
) -> None:
    page.set_viewport_size({"width": 2560, "height": 1440})
    log_in(page, site, "viewer")
    page.goto(f"{site.url}/charts/1/")
    expect(page.locator("#chart")).to_have_attribute("data-ready", "yes")
    box = page.locator("#chart").bounding_box()
    page.mouse.move(box["x"] + 700, box["y"] + 150)
    expect(page.locator("#tooltip")).to_be_visible()
    unit, x, between = page.evaluate(
        "[chart.unit, chart.x(chart.selected) * chart.unit, (chart.x(1) - chart.x(0)) * chart.unit]"
    )
    assert unit > 1.2
    assert abs(x - 700) <= between / 2 + 1
    keep(page, "6-wall")


@pytest.mark.timeout(400)
def test_pages_on_a_phone_need_not_be_moved_sideways(site, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, site, "engineer")
    wider = """[document.documentElement, ...document.querySelectorAll('.scroll')]
        .filter((each) => each.scrollWidth > each.clientWidth + 1)
        .map((each) => each.outerHTML.slice(0, 80))"""
    for path in ("", "charts/1/", "charts/1/rules/", "alarms/", "imports/"):
        page.goto(f"{site.url}/{path}")
        assert (path, page.evaluate(wider)) == (path, [])
