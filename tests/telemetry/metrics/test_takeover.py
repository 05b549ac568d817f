"""The real prometheus_client in programs of their own: a take-over lasts as long as its process."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

BEGIN = """
import json
from penstock.telemetry import METER, take_over_prometheus
from penstock.telemetry.memory.segment import Segment
from penstock.telemetry.metrics.table import Table

segment = Segment.create(slots=2, threads=1, ring_bytes=65536)
METER.bind(segment, 1)

def found():
    table = Table(segment, 1)
    table.read_on()
    doubles = METER._writer.cells
    return {
        "/".join((s.definition.kind.value, s.definition.name, s.definition.merge.value, *s.values)):
            list(doubles[s.cell:][:1 if s.definition.is_gauge else s.definition.cells])
        for s in table.series
    }
"""
END = """
print(json.dumps(found()))
"""


def run(program: str, environment: dict[str, str] | None = None) -> tuple[dict[str, list[float]], str]:
    """Run a program; return the cells it counted in, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + textwrap.dedent(program) + END],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ) | (environment or {}),
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_every_kind_of_metric_is_counted_in_the_slot() -> None:
    cells, said = run("""
        take_over_prometheus()
        from prometheus_client import Counter, Enum, Gauge, Histogram, Info, Summary

        Counter("orders", "Orders.", ["kind"]).labels("book").inc(2)
        Gauge("users", "Users.").set(5)
        wait = Histogram("wait", "Waiting.", buckets=(1, 2))
        for value in (0.5, 1, 1.5, 7):
            wait.observe(value)
        size = Summary("size", "Sizes.")
        size.observe(3)
        size.observe(4)
        Info("build", "Build.").info({"version": "1"})
        door = Enum("door", "Door.", states=["open", "shut"])
        door.state("shut")
    """)
    assert cells == {
        "counter/orders/sum/book": [2],
        "gauge/users/each": [5],
        "histogram/wait/sum": [2, 1, 1, 10],
        "summary/size/sum": [2, 7],
        "info/build/max/1": [1],
        "stateset/door/max/open": [0],
        "stateset/door/max/shut": [1],
    }
    assert said == ""


@pytest.mark.parametrize(
    ("mode", "merge"),
    [("all", "each"), ("livesum", "sum"), ("max", "max"), ("livemin", "min"), ("mostrecent", "last")],
)
def test_mode_of_a_gauge_says_how_it_is_merged(mode: str, merge: str) -> None:
    cells, _ = run(f"""
        take_over_prometheus()
        from prometheus_client import Gauge
        Gauge("users", "Users.", multiprocess_mode={mode!r}).set(5)
    """)
    assert cells == {f"gauge/users/{merge}": [5]}


def test_gauge_goes_up_and_down() -> None:
    cells, _ = run("""
        take_over_prometheus()
        from prometheus_client import Gauge
        users = Gauge("users", "Users.", ["worker"])
        users.labels("a").inc(5)
        users.labels("a").dec()
        with users.labels("a").track_inprogress():
            pass
    """)
    assert cells == {"gauge/users/sum/a": [4]}  # the label `worker` is its own


def test_registry_of_the_applications_own_is_taken_over_too() -> None:
    cells, _ = run("""
        take_over_prometheus()
        from prometheus_client import CollectorRegistry, Counter
        Counter("orders", "Orders.", registry=CollectorRegistry()).inc()
        Counter("visits", "Visits.", registry=None).inc()
    """)
    assert cells == {"counter/orders/sum": [1], "counter/visits/sum": [1]}


def test_metrics_that_were_there_before_go_on() -> None:
    cells, _ = run("""
        from prometheus_client import Counter, Enum, Gauge, Histogram, Info
        orders = Counter("orders", "Orders.", ["kind"])
        orders.labels("book").inc(2)
        wait = Histogram("wait", "Waiting.", buckets=(1,))
        wait.observe(5)
        Gauge("users", "Users.").set(3)
        take_over_prometheus()
        take_over_prometheus()
        orders.labels("book").inc()
        wait.observe(5)
    """)
    assert cells["counter/orders/sum/book"] == [3]
    assert cells["histogram/wait/sum"] == [0, 2, 10]
    assert cells["gauge/users/each"] == [3]


def test_library_shows_what_it_showed_without_us() -> None:
    program = """
        from prometheus_client import REGISTRY, Counter, Histogram, Info, Summary, generate_latest
        Counter("orders", "Orders.", ["kind"]).labels("book").inc(2, exemplar={"trace_id": "4bf9"})
        Histogram("wait", "Waiting.").observe(0.3, exemplar={"trace_id": "4bf9"})
        Summary("size", "Sizes.").observe(3)
        Info("build", "Build.").info({"version": "1"})
        for metric in REGISTRY.collect():
            for name, labels, value, _, exemplar, *_ in metric.samples:
                if name.startswith(("orders", "wait", "size", "build")) and not name.endswith("_created"):
                    print(name, labels, value, exemplar and exemplar[:2], file=sys.stderr)
    """
    own = run("import sys" + textwrap.dedent(program))
    taken = run("import sys\ntake_over_prometheus()" + textwrap.dedent(program))
    assert own[1].count("4bf9") == 2
    assert taken[1] == own[1]
    assert own[0] == {}
    assert len(taken[0]) == 4


def test_exemplar_is_kept_with_its_bucket() -> None:
    _, said = run("""
        import sys
        from penstock.telemetry.metrics.exemplar import read_exemplars
        take_over_prometheus()
        from prometheus_client import Counter, Histogram
        Counter("orders", "Orders.").inc(1, exemplar={"trace_id": "a"})
        Histogram("wait", "Waiting.", buckets=(1, 2)).observe(1.5, exemplar={"trace_id": "b"})
        table = Table(segment, 1)
        table.read_on()
        kept = read_exemplars(segment, 1)
        cells = [s.cell for s in table.series]
        print(kept[cells[0]].labels, kept[cells[1] + 1].labels, kept[cells[1] + 1].value, file=sys.stderr)
    """)
    assert said == "(('trace_id', 'a'),) (('trace_id', 'b'),) 1.5\n"


def test_words_that_changed_are_noted_anew() -> None:
    cells, _ = run("""
        take_over_prometheus()
        from prometheus_client import Info
        build = Info("build", "Build.")
        for version in "12":
            build.info({"version": version})
    """)
    assert cells == {"info/build/max/1": [0], "info/build/max/2": [1]}


REMOVALS = [
    pytest.param("users.remove('a')", id="remove"),
    pytest.param("users.clear()", id="clear"),
    pytest.param(
        "getattr(users, 'remove_by_labels', lambda _: users.remove('a'))({'name': 'a'})", id="by-labels"
    ),
]


@pytest.mark.parametrize("removal", REMOVALS)
def test_series_of_a_gauge_that_is_removed_is_shown_no_more_until_it_is_set(removal: str) -> None:
    program = f"""
        import sys
        take_over_prometheus()
        from prometheus_client import Gauge
        users = Gauge("users", "Users.", ["name"], multiprocess_mode="livesum")
        users.labels("a").set(5)
        {removal}
        series = METER._instruments["users"].labels("a")
        print(series.cell(0), series.cell(1), file=sys.stderr)
        users.labels("a").inc(3)
        print(series.cell(0), series.cell(1) == METER.pid, file=sys.stderr)
    """
    assert run(program)[1] == "0.0 0.0\n3.0 True\n"


def test_words_and_states_that_are_removed_are_shown_no_more() -> None:
    cells, said = run("""
        take_over_prometheus()
        from prometheus_client import Enum, Info
        build = Info("build", "Build.", ["part"])
        build.labels("a").info({"version": "1"})
        build.remove("a")
        door = Enum("door", "Door.", ["side"], states=["open", "shut"])
        door.labels("left").state("shut")
        door.clear()
    """)
    assert cells == {
        "info/build/max/a/1": [0],
        "stateset/door/max/left/open": [0],
        "stateset/door/max/left/shut": [0],
    }
    assert said == ""


@pytest.mark.parametrize("kind", ["Counter", "Histogram", "Summary"])
def test_counts_that_are_removed_stay_which_is_said_once(kind: str) -> None:
    count = "inc(1)" if kind == "Counter" else "observe(1)"
    cells, said = run(f"""
        take_over_prometheus()
        from prometheus_client import {kind}
        orders = {kind}("orders", "Orders.", ["kind"])
        for _ in range(3):
            orders.labels("book").{count}
            orders.remove("book")
    """)
    (counted,) = cells.values()
    assert 3 in counted
    assert said == (
        "metric.not_taken_over name=orders: remove(): counts stay; "
        "what all workers counted must not go back\n"
    )


def test_function_of_a_gauge_is_not_called_which_is_said() -> None:
    cells, said = run("""
        take_over_prometheus()
        from prometheus_client import REGISTRY, Gauge
        users = Gauge("users", "Users.")
        users.set(5)
        users.set_function(lambda: 7)
        assert REGISTRY.get_sample_value("users") == 7
    """)
    assert cells == {"gauge/users/each": [0]}
    assert said == "metric.not_taken_over name=users: set_function(): nobody calls it here; expected set()\n"


@pytest.mark.parametrize("is_before", [True, False], ids=["registered-before", "registered-after"])
def test_collector_of_the_applications_own_is_not_called_which_is_said(*, is_before: bool) -> None:
    take_over = "take_over_prometheus()"
    _, said = run(f"""
        {take_over if not is_before else ""}
        from prometheus_client import REGISTRY
        class Queues:
            def collect(self):
                return []
        REGISTRY.register(Queues())
        {take_over if is_before else ""}
    """)
    assert said == (
        "metric.not_taken_over name=Queues: a collector: nobody calls it here; "
        "expected metrics of the library\n"
    )


@pytest.mark.parametrize(
    ("second", "said"),
    [
        pytest.param(
            "Gauge('orders', 'x', registry=None).set(1)", "defined already as counter", id="two-kinds"
        ),
        pytest.param("Counter('größe', 'x').inc()", "expected letters, digits", id="letters"),
    ],
)
def test_what_cannot_be_counted_here_stays_the_librarys_and_is_said_once(second: str, said: str) -> None:
    cells, errors = run(f"""
        take_over_prometheus()
        from prometheus_client import Counter, Gauge
        Counter("orders", "Orders.").inc()
        {second}
    """)
    assert cells == {"counter/orders/sum": [1]}
    assert errors.count("metric.not_taken_over") == 1
    assert said in errors


def test_directory_of_files_that_was_asked_for_is_left_alone(tmp_path) -> None:
    cells, _ = run(
        """
        take_over_prometheus()
        from prometheus_client import Counter
        Counter("orders", "Orders.").inc()
        """,
        {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
    )
    assert cells == {}
    assert list(tmp_path.iterdir())


def test_library_is_not_imported_for_it() -> None:
    _, said = run("""
        import sys
        take_over_prometheus()
        take_over_prometheus()
        ours = [finder for finder in sys.meta_path if "takeover" in repr(finder)]
        print("prometheus_client" in sys.modules, len(ours), file=sys.stderr)
    """)
    assert said == "False 1\n"


def test_label_values_that_are_too_many_share_a_series() -> None:
    cells, _ = run("""
        take_over_prometheus()
        from prometheus_client import Counter
        orders = Counter("orders", "Orders.", ["user"])
        for user in range(1500):
            orders.labels(user).inc()
    """)
    assert len(cells) == 1001
    assert cells["counter/orders/sum/_overflow"] == [500]


def test_child_that_is_forked_counts_for_itself() -> None:
    cells, _ = run("""
        import os
        take_over_prometheus()
        from prometheus_client import Counter
        orders = Counter("orders", "Orders.")
        orders.inc()
        if not os.fork():
            orders.inc(10)
            os._exit(0)
        os.wait()
    """)
    assert cells == {"counter/orders/sum": [1]}
