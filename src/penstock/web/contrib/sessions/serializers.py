"""How a session's values become bytes."""

from penstock.web.core.signing import JSONSerializer

__all__ = ["JSONSerializer"]
