"""utils/timezone.py."""

import datetime as dt
import threading
import zoneinfo

import pytest

from penstock.web.utils import timezone

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOON = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)
NAIVE = dt.datetime(2024, 7, 1, 12)  # noqa: DTZ001  # a datetime without a zone is what some tests are about


@pytest.fixture(autouse=True)
def utc(override):
    override(TIME_ZONE="UTC", USE_TZ=True)
    timezone.get_default_timezone.cache_clear()
    yield
    timezone.deactivate()
    timezone.get_default_timezone.cache_clear()


@pytest.mark.parametrize(
    ("offset", "name"), [(90, "+0130"), (-90, "-0130"), (0, "+0000"), (dt.timedelta(hours=-5), "-0500")]
)
def test_a_fixed_zone_is_named_after_its_offset(offset, name):
    assert timezone.get_fixed_timezone(offset).tzname(None) == name


def test_a_zone_is_active_until_it_is_not():
    assert timezone.get_current_timezone_name() == "UTC"
    timezone.activate("Europe/Berlin")
    assert timezone.get_current_timezone() == BERLIN
    timezone.deactivate()
    assert timezone.get_current_timezone() == timezone.get_default_timezone()


def test_overrides_are_undone_in_order():
    with timezone.override(BERLIN):
        with timezone.override(None):
            assert timezone.get_current_timezone_name() == "UTC"
        assert timezone.get_current_timezone() == BERLIN
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_zone_belongs_to_its_thread():
    timezone.activate(BERLIN)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(timezone.get_current_timezone_name()))
    thread.start()
    thread.join()
    assert seen == ["UTC"]


def test_what_is_no_zone_is_refused():
    with pytest.raises(ValueError, match="expected a tzinfo or a name"):
        timezone.activate(5)


def test_moments_are_moved_between_zones():
    assert timezone.localtime(NOON, BERLIN).hour == 14
    assert timezone.localdate(dt.datetime(2024, 7, 1, 23, tzinfo=dt.UTC), BERLIN) == dt.date(2024, 7, 2)
    assert timezone.make_aware(NAIVE, BERLIN).utcoffset() == dt.timedelta(hours=2)
    assert timezone.make_naive(NOON, BERLIN) == dt.datetime(2024, 7, 1, 14)  # noqa: DTZ001  # that is the point


@pytest.mark.parametrize(
    ("function", "value"),
    [(timezone.localtime, NAIVE), (timezone.make_naive, NAIVE), (timezone.make_aware, NOON)],
)
def test_the_wrong_kind_of_moment_is_refused(function, value):
    with pytest.raises(ValueError, match="expected a datetime"):
        function(value)


@pytest.mark.parametrize("use_tz", [True, False])
def test_now_has_a_zone_if_the_settings_say_so(use_tz, override):
    override(USE_TZ=use_tz)
    assert timezone.is_aware(timezone.now()) is use_tz
    assert timezone.is_naive(timezone.now()) is not use_tz


def test_templates_show_moments_in_the_current_zone():
    timezone.activate(BERLIN)
    assert timezone.template_localtime(NOON).hour == 14
    assert timezone.template_localtime(NOON, use_tz=False).hour == 12
    assert timezone.template_localtime(NAIVE) is NAIVE
    assert timezone.template_localtime("text") == "text"


def test_the_default_zone_is_the_settings(override):
    override(TIME_ZONE="Asia/Tokyo")
    timezone.get_default_timezone.cache_clear()
    timezone.activate("Europe/Berlin")
    assert timezone.get_default_timezone_name() == "Asia/Tokyo"
