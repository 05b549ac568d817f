"""What the code that runs now belongs to: the variables of a request that more than one package needs.

They stand below the packages that use them: a response forgets the URLconf when it is closed, and knows
nothing of routes otherwise.

In:     what the handler learns of a request (through urls/context.py).
Out:    context variables: a thread of a sync server has its own values, and so has a task of an async one.
Never:  imports anything of the framework.
"""

from contextvars import ContextVar
from typing import Any, Final

URLCONF: Final[ContextVar[Any]] = ContextVar("penstock.web.urlconf", default=None)
