import pytest

from penstock.agent.ops.preference import prefers_openmetrics

PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "is_openmetrics"),
    [
        pytest.param("", False, id="nothing-said"),
        pytest.param("*/*", False, id="curl"),
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", False, id="browser"),
        pytest.param("text/plain;version=0.0.4;q=1,*/*;q=0.1", False, id="prometheus-1"),
        pytest.param(PROMETHEUS_3, True, id="prometheus-3"),
        pytest.param("application/openmetrics-text", True, id="alone"),
        pytest.param("APPLICATION/OPENMETRICS-TEXT ; Q=0.5", True, id="capitals-and-spaces"),
        pytest.param("application/openmetrics-text, text/plain", True, id="as-gladly"),
        pytest.param("application/openmetrics-text;q=0.1, text/plain;q=0.2", False, id="less-gladly"),
        pytest.param("application/openmetrics-text;q=0", False, id="never"),
        pytest.param("application/openmetrics-text;q=high", False, id="q-that-is-no-number"),
        pytest.param("application/openmetrics-text;q=nan", False, id="q-that-is-nan"),
        pytest.param(",;,;q", False, id="damaged"),
    ],
)
def test_format_is_the_one_the_scraper_would_rather_have(accept: str, is_openmetrics: bool) -> None:
    assert prefers_openmetrics(accept) is is_openmetrics
