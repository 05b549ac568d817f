import pytest

from penstock.web.conf.urls import i18n
from penstock.web.urls import LocalePrefixPattern, Resolver404, path, resolve, reverse
from penstock.web.utils.translation import override as speak


def view(request): ...


@pytest.fixture(autouse=True)
def _forget():
    yield
    i18n.is_language_prefix_patterns_used.cache_clear()


def test_language_stands_in_front_of_the_routes(urlconf, override):
    override(USE_I18N=True, LANGUAGE_CODE="en", LANGUAGES=[("en", ""), ("de", "")])
    urlconf(*i18n.i18n_patterns(path("a/", view, name="a")))
    with speak("de"):
        assert reverse("a") == "/de/a/"
        assert resolve("/de/a/").func is view
        with pytest.raises(Resolver404):
            resolve("/en/a/")


@pytest.mark.parametrize("has_prefix", [True, False])
def test_use_of_languages_is_told(urlconf, override, has_prefix):
    override(USE_I18N=True)
    module = urlconf(
        path("b/", view), *i18n.i18n_patterns(path("a/", view), prefix_default_language=has_prefix)
    )
    assert i18n.is_language_prefix_patterns_used(module.__name__) == (True, has_prefix)


def test_urlconf_without_languages_is_told(urlconf):
    assert i18n.is_language_prefix_patterns_used(urlconf(path("a/", view)).__name__) == (False, False)


def test_without_translation_the_routes_are_as_they_are(override):
    override(USE_I18N=False)
    routes = i18n.i18n_patterns(path("a/", view))
    assert not isinstance(routes[0].pattern, LocalePrefixPattern)
