"""What the code that runs now belongs to: the variables of a request that more than one package needs.

They stand below the packages that use them: a response forgets the URLconf when it is closed, and knows
nothing of routes otherwise.

In:     what the handler learns of a request (through urls/context.py).
Out:    context variables: a thread of a sync server has its own values, and so has a task of an async one.
Never:  imports anything of the framework.
"""

from contextvars import ContextVar
from typing import Any, Final

ROOT_PREFIX: Final = "/"

# The handler sets both for each request, and both nearly always stay what they are: a look costs 20 ns, a
# new value in a context variable 70 ns and an entry in the context's tree.
URLCONF: Final[ContextVar[Any]] = ContextVar("penstock.web.urlconf", default=None)
SCRIPT_PREFIX: Final[ContextVar[str]] = ContextVar("penstock.web.script_prefix", default=ROOT_PREFIX)
