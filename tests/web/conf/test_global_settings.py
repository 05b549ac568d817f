"""conf/global_settings.py: Django's names, and its values but for those that cannot be the same."""

import django.conf.global_settings as theirs
import pytest

import penstock.web.conf.global_settings as ours

OUR_OWN = {
    "EMAIL_SUBJECT_PREFIX",  # says whose mail it is
    "LANGUAGES",  # there are no catalogues
    "PASSWORD_HASHERS",  # there is no auth
    "SESSION_ENGINE",  # there is no database
}
NAMES = [name for name in dir(theirs) if name.isupper()]


def test_the_names_are_djangos():
    assert [name for name in dir(ours) if name.isupper()] == NAMES


@pytest.mark.parametrize("name", sorted(set(NAMES) - OUR_OWN))
def test_a_default_is_djangos(name):
    expected = repr(getattr(theirs, name)).replace("django.", "penstock.web.")
    assert repr(getattr(ours, name)) == expected


def test_what_is_our_own_differs():
    assert all(getattr(ours, name) != getattr(theirs, name) for name in OUR_OWN)
