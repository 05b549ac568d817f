"""The contexts of the templates that one response was made from.

In:     contexts, in the order of rendering.
Out:    values by name, from the first context that has one.
Never:  changes a context.
"""

from typing import Any


class ContextList(list[Any]):
    """A list of contexts that can be asked like one."""

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        for context in self:
            if key in context:
                return context[key]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(key in context for context in self)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, else `default`."""
        return next((context[key] for context in self if key in context), default)

    def keys(self) -> set[str]:
        """Return the names of all values; a context of Django's kind has several dicts."""
        return {name for context in self for layer in _layers(context) for name in layer}


def _layers(context: Any) -> Any:
    return getattr(context, "dicts", None) or [context]
