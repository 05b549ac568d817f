import pytest

from penstock.agent.ops.exposition import Family, Kind, Sample, number, render


def test_family_is_its_help_its_type_and_a_line_for_each_sample() -> None:
    samples = (Sample(3, {"status": "2xx"}), Sample(0.25, {"status": "5xx"}))
    assert render([Family("x_total", Kind.COUNTER, "All of them.", samples)]) == (
        "# HELP x_total All of them.\n"
        "# TYPE x_total counter\n"
        'x_total{status="2xx"} 3\n'
        'x_total{status="5xx"} 0.25\n'
    )


def test_sample_of_a_histogram_carries_its_suffix() -> None:
    text = render([Family("x_seconds", Kind.HISTOGRAM, "h", (Sample(1, {}, "_count"),))])
    assert text.endswith("x_seconds_count 1\n")


def test_family_without_samples_is_left_out() -> None:
    assert render([Family("x", Kind.GAUGE, "h", ())]) == ""


def test_label_cannot_end_its_line_or_its_quotes() -> None:
    text = render([Family("x", Kind.GAUGE, "a\nb\\", (Sample(1, {"l": 'a"b\\c\nd'}),))])
    assert text == '# HELP x a\\nb\\\\\n# TYPE x gauge\nx{l="a\\"b\\\\c\\nd"} 1\n'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(7, "7", id="whole"),
        pytest.param(7.0, "7", id="whole-float"),
        pytest.param(0.1, "0.1", id="fraction"),
        pytest.param(1e-9, "1e-09", id="small"),
        pytest.param((1 << 64) - 1, "1.8446744073709552e+19", id="beyond-a-double"),
        pytest.param(float("inf"), "+Inf", id="infinite"),
        pytest.param(float("-inf"), "-Inf", id="below-all"),
    ],
)
def test_number_is_written_so_that_it_reads_back_the_same(value: float, text: str) -> None:
    assert number(value) == text
    assert float(text) == float(value)
