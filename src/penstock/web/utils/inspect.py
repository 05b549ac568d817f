"""What a function may be called with.

In:     a callable.
Out:    a bool.
Never:  calls it.
Rules:  Django's name; packages written for Django ask before they send signals or call settings.
"""

import inspect
from typing import Any


def func_accepts_kwargs(func: Any) -> bool:
    """Tell whether `func` takes keyword arguments of any name."""
    kinds = (parameter.kind for parameter in inspect.signature(func).parameters.values())
    return inspect.Parameter.VAR_KEYWORD in kinds
