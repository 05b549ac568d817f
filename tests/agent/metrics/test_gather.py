import pytest

from penstock.agent.metrics.family import Family, HistogramValue, Kind, Sample
from penstock.agent.metrics.gather import Gatherer, Labelled


class Given:
    """A source of what a test says."""

    def __init__(self, *families: Family) -> None:
        self._families = list(families)

    def families(self) -> list[Family]:
        return self._families


class Broken:
    def families(self) -> list[Family]:
        raise ValueError("damaged memory")


def family(*samples: Sample, name: str = "x", kind: Kind = Kind.GAUGE, text: str = "h") -> Family:
    return Family(name, kind, text, "", samples)


def gathered(gatherer: Gatherer) -> dict[str, Family]:
    return {family.name: family for family in gatherer.gather()}


def left_out(gatherer: Gatherer) -> dict[str, float]:
    samples = gathered(gatherer)["penstock_agent_left_out_metrics"].samples
    return {sample.labels[0][1]: sample.value for sample in samples}


def test_samples_of_two_sources_under_one_name_are_one_family() -> None:
    one, other = Sample((("a", "1"),), 1), Sample((("a", "2"),), 2)
    gatherer = Gatherer([Given(family(one, text="first")), Given(family(other, text="second"))])
    assert gathered(gatherer)["x"] == family(one, other, text="first")
    assert left_out(gatherer) == {"source": 0, "clash": 0}


def test_name_of_two_kinds_is_the_first_ones() -> None:
    gatherer = Gatherer([Given(family(Sample((), 1))), Given(family(Sample((), 2), kind=Kind.COUNTER))])
    assert gathered(gatherer)["x"] == family(Sample((), 1))
    assert left_out(gatherer)["clash"] == 2  # once a page


def test_series_that_is_there_twice_is_shown_once() -> None:
    gatherer = Gatherer([Given(family(Sample((), 1))), Given(family(Sample((), 2)))])
    assert gathered(gatherer)["x"].samples == (Sample((), 1),)
    assert left_out(gatherer)["clash"] == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("x_total", Kind.GAUGE, id="counter"),
        pytest.param("y_count", Kind.COUNTER, id="histogram"),
        pytest.param("y_sum", Kind.GAUGE, id="histogram-sum"),
        pytest.param("z_info", Kind.GAUGE, id="info"),
    ],
)
def test_family_whose_lines_another_one_writes_is_left_out(name: str, kind: Kind) -> None:
    first = [
        family(Sample((), 1), name="x", kind=Kind.COUNTER),
        family(Sample((), HistogramValue((1.0,), (1, 0), 0.5)), name="y", kind=Kind.HISTOGRAM),
        family(Sample((), 1), name="z", kind=Kind.INFO),
    ]
    gatherer = Gatherer([Given(*first, family(Sample((), 2), name=name, kind=kind))])
    assert name not in gathered(gatherer)
    assert left_out(gatherer)["clash"] == 2  # once a page


def test_source_that_fails_costs_its_own_families_only() -> None:
    gatherer = Gatherer([Broken(), Given(family(Sample((), 1)))])
    assert "x" in gathered(gatherer)
    assert left_out(gatherer)["source"] == 2


def test_family_without_samples_is_left_out() -> None:
    assert "x" not in gathered(Gatherer([Given(family())]))


def test_label_of_a_tenant_stands_before_the_samples_own() -> None:
    labelled = Labelled(Given(family(Sample((("a", "1"),), 1))), (("server", "shop"),))
    assert labelled.families() == [family(Sample((("server", "shop"), ("a", "1")), 1))]


def test_label_that_a_sample_has_already_is_left_to_it() -> None:
    labelled = Labelled(Given(family(Sample((("server", "own"),), 1))), (("server", "shop"),))
    assert labelled.families() == [family(Sample((("server", "own"),), 1))]
