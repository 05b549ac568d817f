import pytest

from penstock.server.worker.lanes import (
    FIRST_NEEDED,
    FORGIVEN_RUNS,
    MAX_PATH_CHARACTERS,
    MAX_PATHS,
    MAX_SHAPES,
    RETURN_NEEDED,
    SLOW_NS,
    Lanes,
)

QUICK = 50_000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("/items/1", "/items/22", id="digits"),
        pytest.param(
            "/o/1b4e28ba-2fa1-11d2-883f-0016d3cca427", "/o/6fa459ea-ee8a-3ca4-894e-db77e160355e", id="uuid"
        ),
        pytest.param("/t/" + "a" * 30, "/t/" + "b" * 40, id="long-token"),
    ],
)
def test_paths_that_differ_in_what_varies_share_a_shape(one: str, other: str) -> None:
    lanes = Lanes(is_automatic=True)
    assert lanes.choose("GET", one) is lanes.choose("GET", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("GET", "/a"), ("GET", "/b"), id="words"),
        pytest.param(("GET", "/a"), ("POST", "/a"), id="methods"),
    ],
)
def test_requests_that_differ_otherwise_do_not(one: tuple[str, str], other: tuple[str, str]) -> None:
    lanes = Lanes(is_automatic=True)
    assert lanes.choose(*one).name != lanes.choose(*other).name


def learn(lanes: Lanes, application_ns: int, times: int) -> None:
    shape = lanes.choose("GET", "/")
    for _ in range(times):
        lanes.learn(shape, application_ns)


def test_unknown_shape_begins_in_the_pool_and_moves_after_quick_runs() -> None:
    lanes = Lanes(is_automatic=True)
    assert not lanes.choose("GET", "/").is_inline
    learn(lanes, QUICK, FIRST_NEEDED - 1)
    assert not lanes.choose("GET", "/").is_inline
    learn(lanes, QUICK, 1)
    assert lanes.choose("GET", "/").is_inline


def test_shape_whose_first_runs_are_slow_is_forgiven() -> None:
    lanes = Lanes(is_automatic=True)
    learn(lanes, SLOW_NS, FORGIVEN_RUNS)
    learn(lanes, QUICK, FIRST_NEEDED)
    assert lanes.choose("GET", "/").is_inline


def test_shape_that_goes_on_being_slow_owes_far_more() -> None:
    lanes = Lanes(is_automatic=True)
    learn(lanes, SLOW_NS, FORGIVEN_RUNS + 1)
    learn(lanes, QUICK, RETURN_NEEDED - 1)
    assert not lanes.choose("GET", "/").is_inline
    learn(lanes, QUICK, 1)
    assert lanes.choose("GET", "/").is_inline


def test_one_slow_inline_run_sends_a_shape_back_for_twice_as_long_each_time() -> None:
    lanes = Lanes(is_automatic=True)
    shape = lanes.choose("GET", "/")
    for needed in (RETURN_NEEDED, 2 * RETURN_NEEDED, 4 * RETURN_NEEDED):
        shape.was_slow_inline()
        learn(lanes, QUICK, needed - 1)
        assert not shape.is_inline
        learn(lanes, QUICK, 1)
        assert shape.is_inline


def test_inline_shape_that_is_slow_on_a_thread_of_the_pool_is_sent_back_as_well() -> None:
    shape = Lanes(is_automatic=True).choose("GET", "/")
    shape.is_inline = True
    shape.ran_in_pool(SLOW_NS)
    assert not shape.is_inline


def test_shape_that_streams_stays_in_the_pool() -> None:
    lanes = Lanes(is_automatic=True)
    lanes.choose("GET", "/").belongs_to_pool()
    learn(lanes, QUICK, 10 * RETURN_NEEDED)
    assert not lanes.choose("GET", "/").is_inline


def test_operator_who_wants_the_pool_gets_it() -> None:
    lanes = Lanes(is_automatic=False)
    learn(lanes, QUICK, 10 * FIRST_NEEDED)
    assert not lanes.choose("GET", "/").is_inline


def test_shapes_beyond_the_bound_run_in_the_pool() -> None:
    lanes = Lanes(is_automatic=True)
    names = [
        f"/{chr(97 + i // 676)}{chr(97 + i // 26 % 26)}{chr(97 + i % 26)}" for i in range(MAX_SHAPES + 1)
    ]
    for name in names:
        lanes.choose("GET", name)
    last = lanes.choose("GET", names[-1])
    for _ in range(2 * FIRST_NEEDED):
        lanes.learn(last, QUICK)
    assert not last.is_inline
    assert last is lanes.choose("GET", "/" + "x" * MAX_PATH_CHARACTERS)


def test_paths_are_remembered_within_a_bound() -> None:
    lanes = Lanes(is_automatic=True)
    for number in range(3 * MAX_PATHS):
        lanes.choose("GET", f"/item/{number}")
    assert len(lanes._by_path) <= MAX_PATHS
    assert len(lanes._by_name) == 1


def test_rare_slow_inline_run_is_taken_for_the_machines_fault() -> None:
    shape = Lanes(is_automatic=True).choose("GET", "/")
    shape.is_inline = True
    shape.inline_runs = RETURN_NEEDED + 1
    shape.was_slow_inline()
    assert shape.is_inline
    shape.was_slow_inline()
    assert not shape.is_inline
