"""What is measured: families of samples from everything that counts, merged, and written as text."""

from penstock.agent.metrics.application import ApplicationMetrics
from penstock.agent.metrics.family import (
    Exemplar,
    Family,
    HistogramValue,
    Kind,
    Sample,
    Source,
    SummaryValue,
)
from penstock.agent.metrics.gather import Gatherer, Labelled
from penstock.agent.metrics.process import ProcessMetrics
from penstock.agent.metrics.server import BOUNDS_S, ServerMetrics
from penstock.agent.metrics.slowness import Slowness

__all__ = [
    "BOUNDS_S",
    "ApplicationMetrics",
    "Exemplar",
    "Family",
    "Gatherer",
    "HistogramValue",
    "Kind",
    "Labelled",
    "ProcessMetrics",
    "Sample",
    "ServerMetrics",
    "Slowness",
    "Source",
    "SummaryValue",
]
