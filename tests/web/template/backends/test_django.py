import pytest
from jinja2.exceptions import TemplateRuntimeError

from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.template import TemplateDoesNotExist, engines
from penstock.web.template.loader import render_to_string

BACKEND = "penstock.web.template.backends.django.DjangoTemplates"
LOADERS = "django.template.loaders"


def test_templates_of_a_django_site_are_found_and_rendered(templates):
    child = "{% extends 'base.html' %}{% block b %}{{ x.y.z }}{% endblock %}"
    templates({}, BACKEND, base__html="<{% block b %}{% endblock %}>", a__html=child)
    assert render_to_string("a.html", {"x": {"y": {"z": 1}}}) == "<1>"
    assert render_to_string("a.html") == "<>"


@pytest.mark.parametrize(
    "source",
    [pytest.param("{{ name.join }}", id="needs-arguments"), pytest.param("{{ shown }}", id="function")],
)
def test_what_is_shown_and_not_called_is_an_error_and_no_address_in_memory(templates, source):
    templates({}, BACKEND, a__html=source)
    with pytest.raises(TemplateRuntimeError, match=r"is shown without being called; expected a call of it"):
        render_to_string("a.html", {"name": "ada", "shown": lambda: 1})


def test_options_that_mean_nothing_here_are_left_alone(templates):
    templates(
        {"debug": True, "string_if_invalid": "?", "libraries": {}, "builtins": []}, BACKEND, a__html="A\n"
    )
    assert render_to_string("a.html") == "A\n"


@pytest.mark.parametrize(
    "loaders",
    [
        pytest.param([(f"{LOADERS}.locmem.Loader", {"m.html": "M"})], id="memory"),
        pytest.param(
            [(f"{LOADERS}.cached.Loader", [(f"{LOADERS}.locmem.Loader", {"m.html": "M"})])], id="cached"
        ),
    ],
)
def test_loaders_of_django_are_understood(override, loaders):
    override(TEMPLATES=[{"BACKEND": BACKEND, "OPTIONS": {"loaders": loaders}}])
    assert render_to_string("m.html") == "M"
    with pytest.raises(TemplateDoesNotExist):
        render_to_string("none.html")


@pytest.mark.parametrize("arguments", [(), ("own",)])
def test_filesystem_loader_looks_in_its_folders_or_in_dirs(tmp_path, override, arguments):
    (tmp_path / "own").mkdir()
    for folder in (tmp_path, tmp_path / "own"):
        (folder / "a.html").write_text(folder.name)
    entry = [f"{LOADERS}.filesystem.Loader", *([[tmp_path / "own"]] if arguments else [])]
    loaders = [entry if arguments else entry[0]]
    override(TEMPLATES=[{"BACKEND": BACKEND, "DIRS": [tmp_path], "OPTIONS": {"loaders": loaders}}])
    assert render_to_string("a.html") == ("own" if arguments else tmp_path.name)


def test_loader_that_is_not_known_is_named(override):
    override(TEMPLATES=[{"BACKEND": BACKEND, "OPTIONS": {"loaders": ["my.Loader"]}}])
    with pytest.raises(ImproperlyConfigured, match=r"template loader 'my\.Loader'; expected"):
        _ = engines["django"]
