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
from penstock.agent.metrics.server import ServerMetrics

__all__ = [
    "ApplicationMetrics",
    "Exemplar",
    "Family",
    "Gatherer",
    "HistogramValue",
    "Kind",
    "Labelled",
    "Sample",
    "ServerMetrics",
    "Source",
    "SummaryValue",
]
