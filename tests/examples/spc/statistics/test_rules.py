"""Rules: each one by example, all of them against a second implementation, and their price."""

import itertools
import math
import tracemalloc
from cProfile import Profile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spc.statistics import (
    NELSON,
    WESTERN_ELECTRIC,
    Rule,
    RuleSetting,
    RuleSettingError,
    Series,
    i_mr,
    violations,
    weigh,
)
from spc.statistics.rules import PATTERNS, Pattern

NAN = math.nan
ALL = WESTERN_ELECTRIC + NELSON
BY_RULE = {setting.rule: setting for setting in ALL}


def series(values, centre=0.0, sigma=1.0, sigma_below=None) -> Series:
    """Return a series whose lines are so many sigmas from its centre."""
    points = np.array(values, dtype=float)
    below = sigma if sigma_below is None else sigma_below
    numbers = (centre, centre - 3 * below, centre + 3 * sigma, sigma, below)
    return Series("X", points, *(np.broadcast_to(np.float64(number), points.shape) for number in numbers))


def marked(rule: Rule, values, **changes) -> list[int]:
    wanted = RuleSetting(**({name: getattr(BY_RULE[rule], name) for name in RuleSetting.__slots__} | changes))
    return np.flatnonzero(violations(series(values), [wanted])[rule]).tolist()


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        pytest.param(Rule.WE1, [0, 3.1, 3, -3, -3.1], [1, 4], id="beyond-3-sigma"),
        pytest.param(Rule.N1, [2.9, 3.1], [1], id="nelson-1"),
        pytest.param(Rule.WE2, [2.1, 0, 2.1, 0, 0, 2.1], [2], id="2-of-3"),
        pytest.param(Rule.WE2, [2.1, 2.1, 0], [1], id="2-of-2-are-2-of-3"),
        pytest.param(Rule.WE2, [2.1, -2.1, 0, 2.1], [], id="2-of-3-on-two-sides"),
        pytest.param(Rule.N5, [-2.1, 0, -2.1], [2], id="nelson-5-below"),
        pytest.param(Rule.WE3, [1.1, 1.1, 0, 1.1, 1.1, 0, 1.1], [4], id="4-of-5"),
        pytest.param(Rule.N6, [-1.1] * 5, [3, 4], id="nelson-6"),
        pytest.param(Rule.WE4, [0.1] * 9, [7, 8], id="8-on-a-side"),
        pytest.param(Rule.WE4, [0.1] * 7 + [0] + [0.1] * 7, [], id="the-centre-is-no-side"),
        pytest.param(Rule.N2, [-0.1] * 9, [8], id="9-on-a-side"),
        pytest.param(Rule.N3, [0, 1, 2, 3, 4, 5, 6, 0], [5, 6], id="6-up"),
        pytest.param(Rule.N3, [5, 4, 3, 2, 1, 0], [5], id="6-down"),
        pytest.param(Rule.N3, [0, 1, 2, 2, 3, 4, 5], [], id="a-step-is-missing"),
        pytest.param(Rule.N4, [0, 1] * 7, [13], id="14-in-turn"),
        pytest.param(Rule.N4, [0, 1] * 6 + [1, 0], [], id="one-turn-is-missing"),
        pytest.param(Rule.N7, [0.9, -0.9] * 8, [14, 15], id="15-within"),
        pytest.param(Rule.N7, [0.5] * 14 + [1.0], [], id="a-line-is-not-within"),
        pytest.param(Rule.N8, [1.1, -1.1] * 4, [7], id="8-beyond-on-both-sides"),
        pytest.param(Rule.N8, [1.1, -1.1] * 3 + [1, -1.1], [], id="a-line-is-not-beyond"),
    ],
)
def test_rule_marks_the_points_that_complete_it(rule: Rule, values, expected) -> None:
    assert marked(rule, values) == expected


def test_rule_with_other_numbers_is_another_rule() -> None:
    assert marked(Rule.WE1, [2.6, 3.1], sigmas=2.5) == [0, 1]
    assert marked(Rule.WE2, [2.1, 0, 0, 2.1], out_of=4) == [3]
    assert marked(Rule.N3, [0, 1, 2], run=3, out_of=3) == [2]
    assert marked(Rule.N4, [0, 1, 0], run=3, out_of=3) == [2]


def test_missing_points_are_passed_over() -> None:
    assert marked(Rule.N3, [0, NAN, 1, 2, NAN, NAN, 3, 4, 5]) == [8]
    assert marked(Rule.WE2, [2.1, NAN, NAN, 2.1]) == [3]
    assert marked(Rule.WE1, [NAN, NAN]) == []


def test_each_side_has_the_sigma_of_its_limit() -> None:
    found = violations(series([1, -1, 4], sigma=1, sigma_below=0.1), WESTERN_ELECTRIC)
    assert found[Rule.WE1].tolist() == [False, True, True]


def test_points_that_never_vary_break_no_rule() -> None:
    found = violations(series([7.0] * 50, centre=7, sigma=0), ALL)
    assert not any(flags.any() for flags in found.values())


def test_rule_that_is_off_is_not_looked_for() -> None:
    off = RuleSetting(Rule.WE1, is_on=False, weight=1, run=1, out_of=1, sigmas=3)
    assert violations(series([9, 9]), [off]) == {}
    assert violations(series([9, 9]), []) == {}


def test_weights_of_broken_rules_add_up() -> None:
    settings = [
        RuleSetting(Rule.WE1, is_on=True, weight=2.5, run=1, out_of=1, sigmas=3),
        RuleSetting(Rule.WE2, is_on=True, weight=1, run=2, out_of=3, sigmas=2),
        RuleSetting(Rule.WE3, is_on=False, weight=9, run=1, out_of=1, sigmas=0),
    ]
    found = violations(series([0, 3.1, 3.1]), settings)
    assert weigh(found, settings).tolist() == [0, 2.5, 3.5]
    assert weigh({}, []).tolist() == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"weight": -1}, "weight -1 of rule WE1; expected 0 or more", id="weight"),
        pytest.param({"weight": math.nan}, "weight nan", id="weight-nan"),
        pytest.param({"sigmas": -1}, "sigmas -1 of rule WE1", id="sigmas"),
        pytest.param({"run": 0}, "run 0 out of 1", id="no-run"),
        pytest.param(
            {"run": 2}, "run 2 out of 1 of rule WE1; expected 1 <= run <= out of", id="run-too-long"
        ),
        pytest.param({"run": 2, "out_of": 10_001}, "out of <= 10000", id="out-of-too-long"),
        pytest.param({"rule": Rule.N3}, "1 out of 1 at 3 sigmas for rule N3; expected 2 or more", id="trend"),
        pytest.param(
            {"rule": Rule.N3, "run": 5, "out_of": 6, "sigmas": 0}, "5 out of 6", id="trend-with-holes"
        ),
        pytest.param({"rule": Rule.N4, "run": 2, "out_of": 2, "sigmas": 0}, "expected 3 or more", id="turns"),
        pytest.param(
            {"rule": Rule.N7, "sigmas": 0}, "expected a line beside the centre", id="within-nothing"
        ),
    ],
)
def test_rule_set_to_what_it_cannot_mean_is_refused(changes, message) -> None:
    numbers = {"rule": Rule.WE1, "is_on": True, "weight": 1, "run": 1, "out_of": 1, "sigmas": 3}
    with pytest.raises(RuleSettingError, match=message):
        RuleSetting(**(numbers | changes))


def test_rule_that_is_set_twice_is_refused() -> None:
    with pytest.raises(RuleSettingError, match="rule WE1 set twice"):
        violations(series([1]), WESTERN_ELECTRIC + WESTERN_ELECTRIC[:1])


# The second implementation: one point at a time, in the words of the rules.


def plain(values, setting: RuleSetting) -> list[bool]:
    present = [(at, value) for at, value in enumerate(values) if not math.isnan(value)]
    flags = [False] * len(values)
    for place, (at, _) in enumerate(present):
        window = [value for _, value in present[max(0, place - setting.out_of + 1) : place + 1]]
        flags[at] = fits(window, setting)
    return flags


def fits(window: list[float], setting: RuleSetting) -> bool:
    pattern = PATTERNS[setting.rule]
    if pattern is Pattern.TREND:
        pairs = list(itertools.pairwise(window))
        is_steady = all(a < b for a, b in pairs) or all(a > b for a, b in pairs)
        return len(window) == setting.run and is_steady
    if pattern is Pattern.ALTERNATION:
        steps = [b - a for a, b in itertools.pairwise(window)]
        return len(window) == setting.run and all(a * b < 0 for a, b in itertools.pairwise(steps))
    tests = {
        Pattern.ONE_SIDE: [lambda x: x > setting.sigmas, lambda x: x < -setting.sigmas],
        Pattern.EITHER_SIDE: [lambda x: abs(x) > setting.sigmas],
        Pattern.WITHIN: [lambda x: abs(x) < setting.sigmas],
    }[pattern]
    return any(test(window[-1]) and sum(map(test, window)) >= setting.run for test in tests)


POINTS = st.sampled_from([NAN, 0, 0.5, -0.5, 1, 1.5, -1.5, 2, 2.5, -2.5, 3, 3.5, -3.5, 0.25, -0.25])


@st.composite
def settings_of_a_rule(draw) -> RuleSetting:
    rule = draw(st.sampled_from(list(Rule)))
    if PATTERNS[rule] in {Pattern.TREND, Pattern.ALTERNATION}:
        run = draw(st.integers(3, 6))
        return RuleSetting(rule, is_on=True, weight=1, run=run, out_of=run, sigmas=0)
    out_of = draw(st.integers(1, 9))
    run = draw(st.integers(1, out_of))
    sigmas = draw(st.sampled_from([0.5, 1, 2, 3]))
    return RuleSetting(rule, is_on=True, weight=1, run=run, out_of=out_of, sigmas=sigmas)


@given(values=st.lists(POINTS, min_size=1, max_size=60), setting=settings_of_a_rule())
def test_rules_agree_with_a_plain_reading_of_them(values, setting) -> None:
    assert violations(series(values), [setting])[setting.rule].tolist() == plain(values, setting)


@given(values=st.lists(POINTS, min_size=1, max_size=80), start=st.integers(0, 80))
def test_appended_points_are_judged_as_if_all_had_been(values, start) -> None:
    start = min(start, len(values))
    whole, tail = violations(series(values), ALL), violations(series(values), ALL, start=start)
    assert {rule: flags.tolist() for rule, flags in tail.items()} == {
        rule: flags[start:].tolist() for rule, flags in whole.items()
    }


@pytest.fixture(scope="module")
def million() -> Series:
    return i_mr(np.random.default_rng(6).normal(10, 2, 1_000_000)).series[0]


def test_million_points_are_judged_by_all_rules_in_arrays_and_not_one_by_one(million: Series) -> None:
    """`make bench-spc` has the seconds; here 283 calls were counted, and none for each point."""
    calls = Profile(builtins=True)
    found = calls.runcall(violations, million, ALL)
    assert sum(each.callcount for each in calls.getstats()) < 1_000
    assert found[Rule.WE1].sum() == pytest.approx(2_700, abs=400)


def test_ten_points_after_a_million_look_at_few_of_them(million: Series) -> None:
    tracemalloc.start()
    try:
        violations(million, ALL, start=999_990)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < million.values.nbytes / 10  # NumPy counts its arrays there
