"""Control charts: textbooks' examples, subgroups of several sizes, missing values, limits of every kind."""

import math

import numpy as np
import pytest
from spc.statistics import (
    ChartKind,
    EnteredLimits,
    LimitError,
    Lines,
    ObservationError,
    Standard,
    c,
    constants,
    i_mr,
    np_,
    p,
    u,
    xbar_r,
    xbar_s,
)
from tests.examples.spc.statistics.published import (
    CIRCUIT_BOARDS,
    CLOTH_FAULTS,
    CLOTH_UNITS,
    FLOW_RATES,
    ORANGE_JUICE,
    PISTON_RINGS,
)

NAN = math.nan


def lines(series, at: int = 0) -> tuple[float, float, float]:
    return float(series.lower[at]), float(series.centre[at]), float(series.upper[at])


def outside(series) -> list[int]:
    """Return the points beyond their limits, counted from 1 as the books do."""
    return (np.flatnonzero((series.values > series.upper) | (series.values < series.lower)) + 1).tolist()


def test_means_and_ranges_of_piston_rings_have_the_published_limits() -> None:
    chart = xbar_r(PISTON_RINGS)
    means, ranges = chart.series
    assert (chart.kind, means.name, ranges.name) == (ChartKind.XBAR_R, "X-bar", "R")
    assert lines(means) == pytest.approx((73.988, 74.001, 74.014), abs=6e-4)
    assert lines(ranges) == pytest.approx((0, 0.581 / 25, 0.049), abs=2e-4)
    assert ranges.centre[0] == pytest.approx(0.581 / 25, abs=1e-9)
    assert outside(means) == outside(ranges) == []


def test_means_and_deviations_of_piston_rings_have_the_published_limits() -> None:
    means, deviations = xbar_s(PISTON_RINGS).series
    assert lines(means) == pytest.approx((73.988, 74.001, 74.014), abs=6e-4)
    assert lines(deviations) == pytest.approx((0, 0.0092, 0.0193), abs=6e-4)
    assert deviations.values[0] == pytest.approx(0.0148, abs=5e-5)


def test_flow_rates_have_the_published_limits() -> None:
    values, ranges = i_mr(FLOW_RATES).series
    assert lines(values) == pytest.approx((45.8159, 50.81, 55.8041), abs=3e-3)
    assert lines(ranges) == pytest.approx((0, 1.8778, 3.267 * 1.8778), abs=1e-2)
    assert ranges.values.tolist() == pytest.approx(
        [NAN, 2, 2.3, 1.4, 3.5, 3.4, 1.4, 0.2, 1.2, 1.5], nan_ok=True
    )


def test_leaking_cans_have_the_published_limits() -> None:
    (series,) = p(ORANGE_JUICE, 50).series
    assert lines(series) == pytest.approx((0.0524, 0.2313, 0.4102), abs=1e-4)
    assert outside(series) == [15, 23]


def test_leaking_cans_without_the_two_explained_samples_have_the_published_limits() -> None:
    is_used = np.ones(30, dtype=bool)
    is_used[[14, 22]] = False
    (series,) = p(ORANGE_JUICE, 50, baseline=is_used).series
    assert lines(series) == pytest.approx((0.0407, 0.2150, 0.3893), abs=1e-4)
    assert outside(series) == [15, 21, 23]


def test_number_of_leaking_cans_has_fifty_times_the_limits_of_their_proportion() -> None:
    (numbers,), (shares,) = np_(ORANGE_JUICE, 50).series, p(ORANGE_JUICE, 50).series
    assert lines(numbers) == pytest.approx(tuple(50 * line for line in lines(shares)))
    assert outside(numbers) == [15, 23]


def test_faults_of_circuit_boards_have_the_published_limits() -> None:
    (series,) = c(CIRCUIT_BOARDS).series
    assert lines(series) == pytest.approx((6.48, 19.85, 33.22), abs=0.01)
    assert outside(series) == [6, 20]


def test_faults_of_cloth_have_the_published_limits_for_each_size() -> None:
    (series,) = u(CLOTH_FAULTS, CLOTH_UNITS).series
    assert lines(series, 0) == pytest.approx((0.29, 1.42, 2.55), abs=0.01)
    assert lines(series, 1) == pytest.approx((0.16, 1.42, 2.68), abs=0.01)
    assert lines(series, 9) == pytest.approx((0.41, 1.42, 2.43), abs=0.01)


@pytest.mark.parametrize("make", [xbar_r, xbar_s])
def test_subgroups_with_missing_measurements_have_wider_limits(make) -> None:
    values = PISTON_RINGS.copy()
    values[3, 1:3] = NAN
    values[4, 1:] = NAN
    values[5] = NAN
    means, spread = make(values).series
    sigma = means.sigma[0] * math.sqrt(5)
    assert means.sigma[3:5].tolist() == pytest.approx([sigma / math.sqrt(3), sigma])
    assert means.values[3] == pytest.approx(values[3, [0, 3, 4]].mean())
    assert means.values[4] == values[4, 0]
    assert np.isnan(means.values).tolist() == [at == 5 for at in range(25)]
    assert np.isnan(spread.values).tolist() == [at in {4, 5} for at in range(25)]
    expected = constants(3).d2 if make is xbar_r else constants(3).c4
    assert spread.centre[3] == pytest.approx(expected * sigma)
    assert means.centre[0] == pytest.approx(np.nanmean(values))


def test_sigma_of_subgroups_of_two_sizes_leans_to_the_larger_ones() -> None:
    # Ranges chosen so that the small subgroups say 2 and the large ones 1: an unweighted mean would say 1.5.
    values = np.full((4, 10), NAN)
    values[:2, :2] = [0, 2 * constants(2).d2]
    values[2:] = 0
    values[2:, 0] = constants(10).d2
    means, _ = xbar_r(values).series
    weights = [(constants(n).d2 / constants(n).d3) ** 2 for n in (2, 10)]
    assert means.sigma[0] * math.sqrt(2) == pytest.approx((2 * weights[0] + weights[1]) / sum(weights))


def test_moving_ranges_beside_a_missing_value_are_missing() -> None:
    values, ranges = i_mr([1, 2, NAN, 5, 6, 8.0]).series
    assert ranges.values.tolist() == pytest.approx([NAN, 1, NAN, NAN, 1, 2], nan_ok=True)
    assert values.centre[0] == pytest.approx(22 / 5)
    assert values.sigma[0] == pytest.approx(4 / 3 / constants(2).d2)


def test_moving_ranges_of_three_points_use_the_constants_of_three() -> None:
    values, ranges = i_mr([1, 2, 4, 3, 7.0], span=3).series
    assert ranges.values.tolist() == pytest.approx([NAN, NAN, 3, 2, 4], nan_ok=True)
    assert values.sigma[0] == pytest.approx(3 / constants(3).d2)


def test_missing_counts_have_limits_and_no_point() -> None:
    (series,) = p([1, NAN, 3], [10, 20, 10]).series
    assert series.values.tolist() == pytest.approx([0.1, NAN, 0.3], nan_ok=True)
    assert series.centre.tolist() == [0.2, 0.2, 0.2]
    assert series.sigma[1] == pytest.approx(math.sqrt(0.2 * 0.8 / 20))


def test_proportions_have_no_limits_outside_zero_to_one() -> None:
    assert lines(p([0, 1], 4).series[0])[0] == 0
    assert lines(p([4, 3], 4).series[0])[2] == 1
    assert lines(np_([4, 3], 4).series[0])[2] == 4


def test_baseline_alone_makes_the_limits() -> None:
    values = np.concatenate([PISTON_RINGS, PISTON_RINGS + 5])
    means, ranges = xbar_r(values, baseline=slice(0, 25)).series
    reference = xbar_r(PISTON_RINGS).series
    assert lines(means) == lines(reference[0])
    assert lines(ranges, 49) == lines(reference[1])
    assert outside(means) == list(range(26, 51))


@pytest.mark.parametrize(("make", "of_spread"), [(xbar_r, lambda of: of.d2), (xbar_s, lambda of: of.c4)])
def test_standard_makes_every_line(make, of_spread) -> None:
    """Montgomery, sections 6.2.5 and 6.3.1: mu and A sigma; D1, d2, D2 (B5, c4, B6) times sigma."""
    means, spread = make(PISTON_RINGS, limits=Standard(74, 0.01)).series
    of = constants(5)
    assert lines(means) == pytest.approx((74 - of.A * 0.01, 74, 74 + of.A * 0.01))
    assert spread.centre[0] == pytest.approx(of_spread(of) * 0.01)
    upper = of.D2 if make is xbar_r else of.B6
    assert spread.upper[0] == pytest.approx(upper * 0.01)


def test_standard_of_single_values_and_counts_makes_their_lines() -> None:
    assert lines(i_mr(FLOW_RATES, limits=Standard(50, 2)).series[0]) == (44, 50, 56)
    assert lines(c(CIRCUIT_BOARDS, limits=Standard(16)).series[0]) == (4, 16, 28)
    assert lines(u(CLOTH_FAULTS, 4, limits=Standard(1)).series[0]) == (0, 1, 2.5)
    assert lines(p(ORANGE_JUICE, 100, limits=Standard(0.5)).series[0]) == pytest.approx((0.35, 0.5, 0.65))


def test_entered_lines_are_taken_as_they_are_and_each_side_has_its_sigma() -> None:
    entered = EnteredLimits(Lines(73.9, 74, 74.3), Lines(0, 0.02, 0.05))
    means, ranges = xbar_r(PISTON_RINGS, limits=entered).series
    assert lines(means) == (73.9, 74, 74.3)
    assert (means.sigma[0], means.sigma_below[0]) == pytest.approx((0.1, 0.1 / 3))
    assert lines(ranges) == (0, 0.02, 0.05)
    assert (ranges.sigma[0], ranges.sigma_below[0]) == pytest.approx((0.01, 0.01))


def test_entered_lines_of_one_series_leave_the_other_to_the_baseline() -> None:
    reference = xbar_r(PISTON_RINGS).series
    means, ranges = xbar_r(PISTON_RINGS, limits=EnteredLimits(spread=Lines(0, 1, 2))).series
    assert lines(means) == lines(reference[0])
    assert lines(ranges) == (0, 1, 2)


def test_points_that_never_vary_have_a_sigma_of_zero() -> None:
    means, ranges = xbar_r(np.full((5, 3), 7.0)).series
    assert lines(means) == (7, 7, 7)
    assert lines(ranges) == (0, 0, 0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        pytest.param(
            lambda: xbar_r([1, 2]), ObservationError, r"shape \(2,\); expected \(subgroups", id="flat"
        ),
        pytest.param(
            lambda: xbar_r([[1], [2]]), ObservationError, "subgroups of 1 measurement", id="one-column"
        ),
        pytest.param(lambda: i_mr([]), ObservationError, r"shape \(0,\); expected \(points,\)", id="empty"),
        pytest.param(lambda: i_mr(["a", "b"]), ObservationError, "not numbers", id="text"),
        pytest.param(lambda: i_mr([1, math.inf]), ObservationError, "at 1; expected finite", id="infinite"),
        pytest.param(
            lambda: i_mr([1, 2], span=3), ObservationError, "range of 3 points; expected 2 to 2", id="span"
        ),
        pytest.param(lambda: i_mr([1, NAN, 2]), LimitError, "without a moving range", id="no-neighbours"),
        pytest.param(
            lambda: xbar_r(np.full((2, 2), NAN)), LimitError, "none with a spread", id="all-missing"
        ),
        pytest.param(lambda: xbar_r(np.zeros((2, 1001))), ObservationError, "at most 1000", id="wide-range"),
        pytest.param(lambda: c([1, -1]), ObservationError, "whole numbers from 0 on", id="negative-count"),
        pytest.param(lambda: c([1.5]), ObservationError, "whole numbers from 0 on", id="half-a-defect"),
        pytest.param(lambda: c([NAN]), LimitError, "without a count", id="no-count"),
        pytest.param(lambda: p([6], 5), ObservationError, "6 of 5 at point 0", id="more-than-inspected"),
        pytest.param(lambda: p([1], 0), ObservationError, "numbers above 0", id="none-inspected"),
        pytest.param(lambda: p([1, 2], [3, 4, 5]), ObservationError, "one for each of 2 points", id="sizes"),
        pytest.param(lambda: p([1], 5, limits=Standard(1.5)), LimitError, "expected 0 to 1", id="proportion"),
        pytest.param(
            lambda: c([1], limits=Standard(-1)), LimitError, "expected 0 or more", id="negative-rate"
        ),
        pytest.param(lambda: i_mr([1, 2], limits=Standard(1)), LimitError, "without sigma", id="no-sigma"),
        pytest.param(
            lambda: c([1], limits=EnteredLimits(spread=Lines(0, 1, 2))), LimitError, "no spread", id="spread"
        ),
    ],
)
def test_chart_of_impossible_figures_is_refused(make, error, message) -> None:
    with pytest.raises(error, match=message):
        make()


def test_kinds_of_charts_have_the_names_that_engineers_give_them() -> None:
    assert [kind.label for kind in ChartKind] == ["X-bar/R", "X-bar/S", "I-MR", "p", "np", "c", "u"]
