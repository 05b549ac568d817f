"""conf/__init__.py: what reaches `settings` from outside."""

from penstock.web.conf import settings
from penstock.web.core.signals import setting_changed


def test_the_signal_of_a_changed_setting_lets_everything_be_read_anew(override):
    override(MY_LIST=[1])
    assert settings.MY_LIST == [1]
    before = settings.revision
    settings._wrapped.__dict__["MY_LIST"] = [2]
    setting_changed.send(sender=None, setting="MY_LIST", value=[2], enter=True)
    assert settings.MY_LIST == [2]
    assert settings.revision > before
