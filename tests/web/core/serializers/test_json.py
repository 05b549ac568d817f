"""core/serializers/json.py, beside Django's."""

import datetime as dt
import decimal
import json
import uuid

import pytest
from django.core.serializers.json import DjangoJSONEncoder as Theirs
from hypothesis import given
from hypothesis import strategies as st

from penstock.web.core.serializers.json import DjangoJSONEncoder
from penstock.web.utils.functional import lazystr

VALUES = st.one_of(
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.uuids(),
)


@given(VALUES)
def test_a_value_is_written_as_django_writes_it(value):
    assert json.dumps(value, cls=DjangoJSONEncoder) == json.dumps(value, cls=Theirs)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (dt.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC), "2024-01-02T03:04:05.678Z"),
        (dt.timedelta(days=-1, hours=1), "-P0DT23H00M00S"),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (lazystr("lazy"), "lazy"),
    ],
)
def test_what_json_has_no_form_for_becomes_text(value, text):
    assert json.loads(json.dumps(value, cls=DjangoJSONEncoder)) == text


def test_what_has_no_text_is_refused():
    with pytest.raises(TypeError, match="object"):
        json.dumps(object(), cls=DjangoJSONEncoder)
    with pytest.raises(ValueError, match="expected one without a zone"):
        json.dumps(dt.time(1, tzinfo=dt.UTC), cls=DjangoJSONEncoder)
