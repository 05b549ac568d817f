"""utils/translation: with the project's catalogues, and without any."""

import gettext
import struct

import pytest

from penstock.web.utils import translation

TEXTS = {
    "": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n",
    "Hello": "Hallo",
    "menu\x04File": "Datei",
    "one cat\x00%d cats": "eine Katze\x00%d Katzen",
}


def catalogue(texts: dict[str, str]) -> bytes:
    """A compiled catalogue: GNU gettext's format, revision 0."""
    pairs = sorted((key.encode(), value.encode()) for key, value in texts.items())
    columns = ([key for key, _ in pairs], [value for _, value in pairs])
    offset = 28 + 16 * len(pairs)
    tables, strings = b"", b""
    for column in columns:
        for text in column:
            tables += struct.pack("<II", len(text), offset + len(strings))
            strings += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + tables + strings


@pytest.fixture
def german(tmp_path, override):
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.mo").write_bytes(catalogue(TEXTS))
    override(LOCALE_PATHS=[tmp_path], USE_I18N=True)
    with translation.override("de"):
        yield


@pytest.mark.usefixtures("german")
def test_texts_come_from_the_catalogue_of_the_active_language():
    assert translation.gettext("Hello") == "Hallo"
    assert translation.gettext("Unknown") == "Unknown"
    assert translation.gettext("") == ""
    assert translation.pgettext("menu", "File") == "Datei"
    assert [translation.ngettext("one cat", "%d cats", n) for n in (1, 2)] == ["eine Katze", "%d Katzen"]
    assert str(translation.gettext_lazy("Hello")) == "Hallo"
    assert translation.check_for_language("de")


@pytest.mark.usefixtures("german")
def test_a_region_falls_back_to_its_language():
    with translation.override("de-at"):
        assert translation.gettext("Hello") == "Hallo"


@pytest.mark.usefixtures("german")
def test_other_languages_and_none_leave_texts_alone():
    with translation.override("fr"):
        assert translation.gettext("Hello") == "Hello"
    with translation.override(None):
        assert translation.gettext("Hello") == "Hello"


@pytest.mark.usefixtures("german")
def test_lazy_text_follows_the_language():
    text = translation.gettext_lazy("Hello")
    assert str(text) == "Hallo"
    with translation.override("en"):
        assert str(text) == "Hello"


def test_without_catalogues_every_text_is_its_own_translation(override):
    override(USE_I18N=True)
    assert translation.gettext("Hello") == translation.gettext_noop("Hello") == "Hello"
    assert translation.npgettext("c", "one", "many", 2) == "many"
    assert isinstance(translation.trans_real.catalogue("xx"), gettext.NullTranslations)
    assert not translation.check_for_language("xx")
    assert translation.check_for_language("en-gb")


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        pytest.param(translation.ngettext_lazy("%d cat", "%d cats"), 1, "1 cat", id="number"),
        pytest.param(translation.ngettext_lazy("%d cat", "%d cats"), 2, "2 cats", id="numbers"),
        pytest.param(translation.ngettext_lazy("a cat", "%d cats"), 1, "a cat", id="unmentioned"),
        pytest.param(translation.ngettext_lazy("%(n)d cat", "%(n)d cats", "n"), {"n": 3}, "3 cats", id="key"),
        pytest.param(translation.npgettext_lazy("c", "%d cat", "%d cats"), 5, "5 cats", id="context"),
    ],
)
def test_a_lazy_plural_takes_its_form_when_it_is_filled_in(text, value, expected):
    assert text % value == expected


def test_a_lazy_plural_of_a_number_has_its_form():
    assert str(translation.ngettext_lazy("cat", "cats", 2)) == "cats"
    assert str(translation.npgettext_lazy("c", "cat", "cats", 1)) == "cat"


def test_the_language_is_the_settings_until_one_is_activated(override):
    override(LANGUAGE_CODE="en-us")
    assert translation.get_language() == "en-us"
    translation.activate("he")
    assert (translation.get_language(), translation.get_language_bidi()) == ("he", True)
    translation.deactivate_all()
    assert translation.get_language() is None
    translation.deactivate()
    assert translation.get_language() == "en-us"


def test_an_override_may_end_with_the_settings_language(override):
    override(LANGUAGE_CODE="en-us")
    translation.activate("fr")
    with translation.override("de", deactivate=True):
        assert translation.get_language() == "de"
    assert translation.get_language() == "en-us"


@pytest.mark.parametrize(
    ("language", "locale"), [("en-us", "en_US"), ("de", "de"), ("zh-hans", "zh_Hans"), ("sr-latn", "sr_Latn")]
)
def test_languages_and_locales_are_written_differently(language, locale):
    assert translation.to_locale(language) == locale
    assert translation.to_language(locale) == language


def test_a_language_is_known_by_its_code():
    assert translation.get_language_info("en")["name"] == "English"
    with pytest.raises(KeyError):
        translation.get_language_info("xx")


def test_without_a_language_forms_are_english(override):
    with translation.override(None):
        assert translation.ngettext("cat", "cats", 1) == "cat"
        assert translation.npgettext("c", "cat", "cats", 2) == "cats"
        assert not translation.check_for_language(None)
