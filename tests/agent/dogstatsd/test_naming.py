import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.agent.dogstatsd.naming import labels_of, metric_name

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("page.views", "page_views"),
        ("2xx-rate", "_2xx_rate"),
        ("orders_total", "orders"),
        ("_total", "_"),
        ("penstock.requests", "statsd_penstock_requests"),
        ("größe", "gr__e"),
    ],
)
def test_names_become_prometheus_names(sent, name) -> None:
    assert metric_name(sent) == name


@pytest.mark.parametrize(
    ("tags", "labels"),
    [
        pytest.param(("env:prod",), (("env", "prod"),), id="key-and-value"),
        pytest.param(("paid",), (("paid", "true"),), id="key-alone"),
        pytest.param(("url:http://a:80/",), (("url", "http://a:80/"),), id="colons-in-value"),
        pytest.param(("env:b", "env:a", "env:a"), (("env", "a,b"),), id="key-twice"),
        pytest.param(("b-c:1", "b.c:2"), (("b_c", "1,2"),), id="keys-that-become-one"),
        pytest.param(("z:1", "a:2"), (("a", "2"), ("z", "1")), id="in-order"),
        pytest.param(("le:5",), (("tag_le", "5"),), id="histogram-label"),
        pytest.param(("overflow:true",), (("tag_overflow", "true"),), id="our-own-label"),
        pytest.param(("__name__:x",), (("tag_name__", "x"),), id="prometheus-own"),
        pytest.param((":x",), (("_", "x"),), id="empty-key"),
    ],
)
def test_tags_become_labels(tags, labels) -> None:
    assert labels_of(tags) == labels


@given(st.text(min_size=1), st.lists(st.text(min_size=1), max_size=5))
def test_names_and_labels_are_always_legal_and_unique(name, tags) -> None:
    assert NAME.fullmatch(metric_name(name))
    names = [label for label, _ in labels_of(tags)]
    assert len(set(names)) == len(names)
    assert all(NAME.fullmatch(label) and not label.startswith("__") for label in names)
