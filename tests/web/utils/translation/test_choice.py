"""utils/translation/choice.py, beside Django's."""

import pytest
from django.test import RequestFactory as DjangoFactory
from django.test import override_settings as django_settings
from django.utils.translation import trans_real as theirs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.web.test import RequestFactory
from penstock.web.utils.translation import choice as ours

LANGUAGES = [(code, code) for code in ("en", "de", "pt-br", "zh-hans", "zh-hant", "es", "es-ar", "sr-latn")]
CODES = [
    "en", "de", "DE", "de-at", "de-DE", "pt", "pt-BR", "zh-cn", "zh-hk", "zh-TW", "zh", "zh-hant-tw", "es-mx",
    "es-ar", "sr", "sr-cyrl-rs", "sr@latin", "fr", "-", "aaaaaaaaa", "en-us-x", "*", "x y", "de_AT", "",
    "en-" + "a" * 600, "en-" * 167, "a" * 600,
]  # fmt: skip
BETWEEN = [",", ", ", " ,", ";q=0.5", ";q=0", "; q=0.8,", ";q=1.5", ";q=.5,", ";", " "]
HEADERS = st.lists(st.sampled_from([*CODES[:-3], *BETWEEN, ",", ","]), max_size=8).map("".join)
ANYHOW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _languages(override, monkeypatch):
    # Django asks its applications for catalogues; here it has none.
    monkeypatch.setattr(theirs, "check_for_language", lambda _code: True)
    values = {"LANGUAGES": LANGUAGES, "LANGUAGE_CODE": "de", "USE_I18N": True}
    override(**values)
    with django_settings(**values):
        yield


def found(choose, *arguments):
    try:
        return choose(*arguments)
    except LookupError:
        return LookupError


@pytest.mark.parametrize("strict", [False, True], ids=["any-region", "strict"])
@pytest.mark.parametrize("code", CODES)
def test_language_that_does_for_a_code_is_the_one_of_django(code, strict):
    choose, choose_of_django = ours.get_supported_language_variant, theirs.get_supported_language_variant
    assert found(choose, code, strict) == found(choose_of_django, code, strict)
    for path in (f"/{code}/", f"/{code}/x", f"/{code}", code, f"/{code}x/"):
        assert ours.get_language_from_path(path, strict) == theirs.get_language_from_path(path, strict), path


@ANYHOW
@given(HEADERS | HEADERS.map(lambda header: header * 60))
def test_header_is_read_as_django_reads_it(header):
    assert ours.parse_accept_lang_header(header) == theirs.parse_accept_lang_header(header)


@ANYHOW
@given(HEADERS, st.sampled_from(CODES[:-3]), st.sampled_from([None, *CODES]), st.booleans())
def test_language_of_a_request_is_the_one_of_django(header, in_path, in_cookie, check_path):
    languages = []
    for choose, factory in ((ours, RequestFactory()), (theirs, DjangoFactory())):
        request = factory.get("/", headers={"accept-language": header})
        request.path_info = f"/{in_path}/"
        if in_cookie is not None:
            request.COOKIES["django_language"] = in_cookie
        languages.append(choose.get_language_from_request(request, check_path))
    assert languages[0] == languages[1]


def test_language_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(LookupError, match="language 'fr'; expected one of en, de"):
        ours.get_supported_language_variant("fr")
