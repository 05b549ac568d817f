"""What the tests of speed share.

They count the interpreter's steps instead of time: a walk over a thousand routes is thousands of steps on any
machine, however busy. What the steps cost is measured by `python -m bench.web routes`.
"""

import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def steps_of() -> Callable[[Callable[[], object]], int]:
    """`steps_of(call)` is how many lines of Python a call runs, once it has run before.

    Not on Python 3.11: a process that had run thousands of tests did not come back from being traced.
    """
    if sys.version_info < (3, 12):
        pytest.skip("Python 3.11 cannot be traced late in its life; the steps are counted on newer ones")

    def count(call: Callable[[], object]) -> int:
        call()  # what is made at the first time is not counted
        steps = 0

        def trace(_frame, event, _argument):
            nonlocal steps
            steps += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            call()
        finally:
            sys.settrace(before)
        return steps

    return count
