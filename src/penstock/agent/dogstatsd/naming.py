"""DogStatsD's names and tags as Prometheus' names and labels.

    page.views              page_views
    2xx-rate                _2xx_rate
    penstock.anything       statsd_penstock_anything: ours are made by us alone
    env:prod                env="prod"
    paid                    paid="true"
    env:a,env:b             env="a,b": a label stands once
    le:5                    tag_le="5": a histogram's own label

Two names may become one (`a.b` and `a_b`): they are one family then, and that is said (table.py).

In:     names and tags as sent, printable.
Out:    names that match [a-zA-Z_][a-zA-Z0-9_]*, labels in order of their names.
Never:  drops a tag.

Rules:  prometheus.io/docs/concepts/data_model: letters, digits, underscores; names that begin with two
        underscores are Prometheus' own.
"""

import re
from collections.abc import Iterable
from typing import Final

Labels = tuple[tuple[str, str], ...]

_FOREIGN: Final = re.compile(r"[^a-zA-Z0-9_]")
_OWN_PREFIX: Final = "penstock_"
# Labels with a meaning of their own: in histograms, in summaries, and where a series found no room.
_TAKEN: Final = frozenset({"le", "quantile", "overflow"})


def metric_name(name: str) -> str:
    """Return the name of a family, without the `_total` that the exposition gives counters."""
    plain = _identifier(name).removesuffix("_total") or "_"
    return f"statsd_{plain}" if plain.startswith(_OWN_PREFIX) else plain


def labels_of(tags: Iterable[str]) -> Labels:
    """Return the labels of a series."""
    values: dict[str, list[str]] = {}
    for tag in tags:
        name, colon, value = tag.partition(":")
        values.setdefault(label_name(name), []).append(value if colon else "true")
    return tuple((name, ",".join(sorted(set(found)))) for name, found in sorted(values.items()))


def label_name(name: str) -> str:
    """Return the label for a tag's name."""
    plain = _identifier(name)
    return f"tag_{plain.lstrip('_')}" if plain in _TAKEN or plain.startswith("__") else plain


def _identifier(name: str) -> str:
    plain = _FOREIGN.sub("_", name) or "_"
    return f"_{plain}" if plain[0].isdigit() else plain
