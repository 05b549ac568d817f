"""core/signals.py."""

import django.core.signals as theirs
import pytest

import penstock.web.core.signals as ours
from penstock.web.dispatch import Signal

NAMES = [name for name in vars(theirs) if isinstance(getattr(theirs, name), theirs.Signal)]


@pytest.mark.parametrize("name", NAMES)
def test_each_signal_of_django_is_there(name):
    assert isinstance(getattr(ours, name), Signal)
