"""Which of the two formats of metrics a scraper would rather have.

In:     an Accept field.
Out:    whether it is OpenMetrics.
Never:  refuses: who accepts neither gets Prometheus text, as scrapers expect of each other.

Rules:  RFC 9110 section 12.5.1: q is 1 unless said, 0 means never. Prometheus asks for OpenMetrics with a
        higher q than for text; a browser and curl do not know it.
"""

from typing import Final

_OPENMETRICS: Final = "application/openmetrics-text"
_TEXT: Final = frozenset({"text/plain", "text/*", "*/*"})


def prefers_openmetrics(accept: str) -> bool:
    """Return whether OpenMetrics is accepted at least as gladly as text. `accept` may be empty or damaged."""
    wish = text = 0.0
    for item in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        if kind == _OPENMETRICS:
            wish = max(wish, _quality(parameters))
        elif kind in _TEXT:
            text = max(text, _quality(parameters))
    return 0.0 < wish >= text


def _quality(parameters: list[str]) -> float:
    """Return the q of an item; one that is no number counts as 0."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
