"""Regular expressions that are compiled when they are needed.

What an expression says about texts, `reverse` reads elsewhere (urls/expression.py).

In:     a pattern's source, or a compiled pattern.
Out:    `_lazy_re_compile`, under Django's name.
Never:  compiles before somebody matches.
"""

import re
from typing import Any

from penstock.web.utils.functional import SimpleLazyObject


def _lazy_re_compile(regex: Any, flags: int = 0) -> Any:
    """Return a pattern that is compiled when it is first used; a compiled one is taken as it is.

    Raises:
        ValueError: a compiled pattern is given flags.
    """
    if not isinstance(regex, str | bytes):
        if flags:
            raise ValueError("flags must be empty if regex is passed pre-compiled")
        return SimpleLazyObject(lambda: regex)
    return SimpleLazyObject(lambda: re.compile(regex, flags))
