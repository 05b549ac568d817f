"""The sample: a million measurements, the same ones each time, and worth looking at."""

import itertools

import numpy as np
import pytest
from spc import sample
from spc.statistics import (
    WESTERN_ELECTRIC,
    ChartKind,
    Rule,
    Specification,
    c,
    capability,
    i_mr,
    p,
    violations,
    xbar_r,
    xbar_s,
)

CHARTS = {
    ChartKind.XBAR_R: xbar_r,
    ChartKind.XBAR_S: xbar_s,
    ChartKind.I_MR: lambda values, **words: i_mr(values[:, 0], **words),
    ChartKind.C: lambda values, **words: c(values[:, 0], **words),
    ChartKind.P: lambda values, **words: p(values[:, 0], 100, **words),
}


@pytest.fixture(scope="module")
def streams() -> dict:
    """Stream -> its chunks."""
    found = {}
    for chunk in sample.chunks():
        found.setdefault(chunk.stream, []).append(chunk)
    return found


def test_sample_has_a_million_measurements_of_every_stream_in_order(streams) -> None:
    assert tuple(streams) == sample.STREAMS
    assert sum(chunk.values.size for chunks in streams.values() for chunk in chunks) == 1_000_000
    for chunks in streams.values():
        times = np.concatenate([chunk.times for chunk in chunks])
        assert [chunk.first for chunk in chunks] == [0, 2_500, 5_000, 7_500]
        assert (times.size, times.dtype) == (10_000, np.dtype("datetime64[s]"))
        assert (np.diff(times) > np.timedelta64(0, "s")).all()


def test_sample_is_the_same_each_time_however_it_is_cut(streams) -> None:
    first = sample.STREAMS[0]
    again = itertools.takewhile(lambda chunk: chunk.stream is first, sample.chunks(rows=333))
    whole = np.concatenate([chunk.values for chunk in streams[first]])
    assert np.array_equal(np.concatenate([chunk.values for chunk in again]), whole, equal_nan=True)


def test_no_two_streams_have_the_same_name(streams) -> None:
    assert len({(stream.tool, stream.parameter) for stream in streams}) == len(streams) == 28


@pytest.mark.parametrize("stream", sample.STREAMS, ids=lambda stream: f"{stream.tool} {stream.parameter}")
def test_every_stream_can_be_charted_has_alarms_and_is_mostly_quiet(stream, streams) -> None:
    values = np.concatenate([chunk.values for chunk in streams[stream]])
    location = CHARTS[stream.kind](values, baseline=slice(0, 300)).series[0]
    found = violations(location, WESTERN_ELECTRIC)
    share = np.logical_or.reduce(list(found.values())).mean()
    assert 0.005 < share < 0.45
    assert found[Rule.WE1].any()


def test_measured_streams_nearly_fit_their_specification(streams) -> None:
    for stream, chunks in streams.items():
        if stream.sigma:
            values = np.concatenate([chunk.values for chunk in chunks])
            values = values if stream.size > 1 else values[:, 0]
            found = capability(values, Specification(stream.lower, stream.upper))
            assert 0.7 < found.ppk < found.cp < 2.5


def test_some_measurements_are_missing(streams) -> None:
    values = np.concatenate([chunk.values for chunk in streams[sample.STREAMS[0]]])
    assert 0 < np.isnan(values).sum() < 50


def test_chunks_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="chunks of 0 subgroups; expected 1 or more"):
        next(sample.chunks(rows=0))
