import os

import pytest

from penstock.server.master.footprint import proportional, resident


@pytest.mark.parametrize("measure", [resident, proportional])
def test_memory_of_a_process_is_counted_and_that_of_none_is_nothing(measure) -> None:
    assert measure(os.getpid()) > 1 << 20
    assert measure(1 << 22) == 0


def test_part_of_shared_memory_is_less_than_all_of_it() -> None:
    assert proportional(os.getpid()) < resident(os.getpid())
