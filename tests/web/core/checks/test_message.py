import pytest

from penstock.web.core import checks


@pytest.mark.parametrize(
    ("kind", "level", "is_serious"),
    [
        (checks.Debug, 10, False),
        (checks.Info, 20, False),
        (checks.Warning, 30, False),
        (checks.Error, 40, True),
        (checks.Critical, 50, True),
    ],
)
def test_message_has_the_level_of_its_kind(kind, level, is_serious):
    message = kind("what", hint="how", obj="where", id="a.E1")
    assert (message.level, message.is_serious()) == (level, is_serious)
    assert str(message) == "where: (a.E1) what\n\tHINT: how"


def test_message_without_more_is_its_text():
    assert str(checks.Error("what")) == "?: what"
    assert checks.Error("what") == checks.Error("what")


def test_message_whose_id_is_listed_is_silenced(override):
    override(SILENCED_SYSTEM_CHECKS=["a.E1"])
    assert checks.Error("", id="a.E1").is_silenced()
    assert not checks.Error("", id="a.E2").is_silenced()
