import pytest

from penstock.web.core.checks.paths import check_loggers, check_names, check_paths

JINJA2 = "penstock.web.template.backends.jinja2.Jinja2"


def ids(messages):
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"MIDDLEWARE": ["no.such.middleware"]}, "MIDDLEWARE names 'no.such.middleware'"),
        ({"CSRF_FAILURE_VIEW": "no.such.view"}, "CSRF_FAILURE_VIEW names"),
        ({"TEMPLATES": [{"BACKEND": "no.such.engine"}]}, "TEMPLATES names"),
        (
            {"TEMPLATES": [{"BACKEND": JINJA2, "OPTIONS": {"context_processors": ["no.such"]}}]},
            "context_processors",
        ),
        ({"CACHES": {"default": {"BACKEND": "no.such.cache"}}}, "CACHES['default'] names"),
        ({"WSGI_APPLICATION": "no.such.application"}, "WSGI_APPLICATION names"),
    ],
)
def test_setting_that_leads_nowhere_is_named(override, changed, word):
    override(**changed)
    (message,) = check_paths()
    assert message.id == "settings.E002"
    assert word in message.msg


def test_default_settings_lead_somewhere():
    assert check_paths() == []


def test_setting_of_a_wrong_type_is_named(override):
    override(MIDDLEWARE="one")
    assert "settings.E001" in ids(check_names())


def test_loggers_that_are_still_those_of_django_are_named(override):
    override(
        LOGGING={"version": 1, "loggers": {"django": {}, "django.request": {}, "djangoq": {}, "mine": {}}}
    )
    messages = check_loggers()
    assert ids(messages) == ["settings.W002", "settings.W002"]
    assert [message.msg.split("'")[1] for message in messages] == ["django", "django.request"]


def test_logging_that_names_no_loggers_is_fine(override):
    override(LOGGING={"version": 1})
    assert check_loggers() == []
