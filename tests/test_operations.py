"""docs/operations.md names every log event, metric, check, state and field that there is, and no other."""

import ast
import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.agent.metrics import ApplicationMetrics, Family, Gatherer, Kind, ProcessMetrics, ServerMetrics
from penstock.agent.ops.desk import Desk, Subject
from penstock.cli.doctor import rules
from penstock.protocol import RequestHead
from penstock.server.signals import HANDLED
from penstock.telemetry import CurrentRequest, Recorder, Segment, Snapshot, WorkerState, WorkerStatus
from penstock.telemetry.memory.layout import HISTOGRAM_WORDS, WORD_BYTES
from penstock.telemetry.metrics.meter import Meter
from penstock.telemetry.metrics.runtime import GarbageWatch, take_over_counter

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/operations.md").read_text()
# Who may log an event, and what an event looks like: a subject and a past participle.
PACKAGES = ("agent", "server", "wsgi")
EVENT = re.compile(
    r"((?:agent|application|cgi|request|response|server|template|worker)\.[a-z]+(?:_[a-z]+)*)(?:[ :]|$)"
)


def section(title: str) -> str:
    """Return the text below a heading, as far as the next of its rank."""
    found = re.search(rf"^(#+) {title}\n(.*?)(?=^#{{1,2}} |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[2]


def first_cells(text: str) -> list[str]:
    """Return the words in code of each table row's first cell."""
    rows = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def literals() -> Iterator[str]:
    """Yield every text in the code of the packages that log."""
    for package in PACKAGES:
        for path in (ROOT / "src/penstock" / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_log_event_is_on_the_page_and_none_that_is_not_there() -> None:
    logged = {match[1] for text in literals() if (match := EVENT.match(text))}
    assert len(logged) > 30
    assert sorted(logged) == sorted(first_cells(section("Log lines")))


@pytest.fixture
def segment() -> Iterator[Segment]:
    made = Segment.create(3, 2, 65536)
    recorder = Recorder(made, 1)
    recorder.reset(1, 1)
    recorder.set_state(WorkerState.READY)
    yield made
    os.close(made.fd)  # what the recorder views stays mapped until it goes
    os.close(made.wake_fd)


def gathered(segment: Segment) -> dict[str, Family]:
    """Return what the ops port shows, by the name it has there."""
    suffixes = {Kind.COUNTER: "_total", Kind.INFO: "_info"}
    meter = Meter()
    meter.bind(segment, 1)
    GarbageWatch(meter)
    take_over_counter(meter)
    sources = [ServerMetrics(segment, 4, 1), ProcessMetrics(segment, 1), ApplicationMetrics(segment)]
    gatherer = Gatherer(sources)
    gatherer.gather()  # which reads the proportional memory of one process
    segment.words[segment.layout.counts_at(1) // WORD_BYTES + 17 * HISTOGRAM_WORDS] = 1  # 2xx, total
    families = gatherer.gather()
    return {family.name + suffixes.get(family.kind, ""): family for family in families}


def test_every_metric_is_on_the_page_with_its_labels(segment) -> None:
    families = {
        name: {label for sample in family.samples for label, _ in sample.labels}
        for name, family in gathered(segment).items()
    }
    rows = re.findall(r"^\| `(penstock_\w+)` \| ([^|]*)\|", section("Metrics"), re.MULTILINE)
    described = {name: set(re.findall(r"`(\w+)`", labels.partition("(")[0])) for name, labels in rows}
    # The only process that a test can look at here is its own, the agent.
    for name in families:
        families[name] |= {"slot"} if name.startswith("penstock_process_") else set()
    assert described == families


def test_every_metric_of_the_alerts_is_there(segment) -> None:
    names = gathered(segment).keys()
    used = re.findall(r"penstock_\w+", section("Metrics").partition("```")[2])
    assert used
    assert {name.removesuffix("_bucket") for name in used} <= names


def test_every_field_of_the_status_is_on_the_page(segment) -> None:
    described = set(first_cells(section("Status")))
    fields = {f.name for holder in (Snapshot, WorkerStatus) for f in dataclasses.fields(holder)}
    assert described == fields | {"version", "ready", "reason", "resident_bytes", "stations"}
    for field in dataclasses.fields(CurrentRequest):
        assert f"`{field.name}`" in section("Status")


def test_every_path_of_the_ops_port_is_on_the_page(segment) -> None:
    desk = Desk(Subject(segment, 4, True, 1))
    paths = first_cells(section("The ops port"))
    assert sorted(paths) == sorted(desk._routes)
    assert desk.answer(RequestHead(path=paths[0])).status == "200 OK"


def test_every_signal_is_on_the_page() -> None:
    handled = {number.name.removeprefix("SIG") for number in HANDLED} - {"CHLD"}
    assert set(first_cells(section("Signals"))) == handled


def test_every_state_of_a_worker_is_on_the_page() -> None:
    states = {state.name.lower() for state in WorkerState if state is not WorkerState.EMPTY}
    assert states == {word for word in first_cells(section("States")) if not word.startswith("/")}


def test_every_check_of_the_doctor_is_on_the_page() -> None:
    tree = ast.parse(Path(rules.__file__).read_text())
    names = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"wrong", "note"}
        and isinstance(node.args[0], ast.Constant)
    }
    assert names | {"access-log", "error-log"} == set(first_cells(section("The doctor")))


@pytest.mark.parametrize("page", ["operations.md", "deploying.md", "logs.md"])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    prose = re.sub(r"`[^`]*`", "", text)
    for target in re.findall(r"\]\(([^)#]+)\)", prose):
        assert target.startswith("http") or (ROOT / "docs" / target).exists(), target
    headings = {
        re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-")
        for h in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    for anchor in re.findall(r"\]\(#([^)]+)\)", text):
        assert anchor in headings, anchor
