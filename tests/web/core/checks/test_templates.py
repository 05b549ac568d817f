import jinja2
import pytest

from penstock.web.core.checks.templates import check_templates
from penstock.web.template import engines

JINJA2 = "penstock.web.template.backends.jinja2.Jinja2"
DJANGO = "penstock.web.template.backends.django.DjangoTemplates"


@pytest.fixture(autouse=True)
def _forget():
    yield
    engines.reset()


def ids(messages):
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        ([{"BACKEND": JINJA2}], []),
        ([{"BACKEND": JINJA2}] * 2, ["templates.E001"]),
        ([{"BACKEND": JINJA2, "OPTIONS": {"nonsense": 1}}], ["templates.E002"]),
        ([{"BACKEND": JINJA2, "DIRS": ["/no/such/folder"]}], ["templates.W001"]),
    ],
)
def test_engine_that_cannot_work_is_named(override, templates, expected):
    override(TEMPLATES=templates)
    assert ids(check_templates()) == expected


def test_template_that_cannot_be_read_is_told_with_its_line(override, tmp_path):
    (tmp_path / "well.html").write_text("{% csrf_token %}{{ a|upper }}")
    (tmp_path / "wrong.html").write_text('one\n{{ day|date:"Y" }}')
    (tmp_path / "unknown.txt").write_text("{% regroup a by b as c %}")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG{%")
    override(TEMPLATES=[{"BACKEND": DJANGO, "DIRS": [tmp_path]}])
    unknown, wrong = check_templates()
    assert (wrong.id, wrong.obj) == ("templates.E003", f"{tmp_path}/wrong.html:2")
    assert (unknown.obj, "regroup" in unknown.msg) == (f"{tmp_path}/unknown.txt:1", True)


def test_template_below_the_current_folder_is_named_from_there(override, tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.html").write_text("{% block b %}{% trans 'x' %}{% endblock %}")
    monkeypatch.chdir(tmp_path)
    override(TEMPLATES=[{"BACKEND": DJANGO, "DIRS": [tmp_path / "own"]}])
    (message,) = check_templates()
    assert message.obj == "own/a.html:1"
    assert message.msg.endswith("'block'.")


def test_names_that_would_be_missed_when_the_page_is_shown_are_told(override, tmp_path):
    (tmp_path / "a.html").write_text(
        "{% if day %}\n{{ day|date }}{% endif %}{% if day is weekend %}{% endif %}"
    )
    (tmp_path / "b.html").write_text("{% if 'date' is filter %}{{ day|date }}{% endif %}{{ day|upper }}")
    override(TEMPLATES=[{"BACKEND": DJANGO, "DIRS": [tmp_path]}])
    messages = check_templates()
    assert sorted((message.obj, message.msg) for message in messages) == [
        (f"{tmp_path}/a.html:2", "no filter is named 'date'."),
        (f"{tmp_path}/a.html:2", "no test is named 'weekend'."),
    ]


def test_names_in_templates_without_files_are_told_by_their_template(override):
    loader = jinja2.DictLoader({"a.html": "{% if x %}{{ x|date }}{% endif %}"})
    override(TEMPLATES=[{"BACKEND": JINJA2, "OPTIONS": {"loader": loader}}])
    assert [message.obj for message in check_templates()] == ["a.html:1"]


def test_template_in_another_encoding_is_told(override, tmp_path):
    (tmp_path / "latin.html").write_bytes("ä".encode("latin-1"))
    override(TEMPLATES=[{"BACKEND": JINJA2, "DIRS": [tmp_path]}])
    assert ids(check_templates()) == ["templates.E004"]


def test_loader_that_cannot_list_its_templates_is_left_alone(override):
    override(TEMPLATES=[{"BACKEND": JINJA2, "OPTIONS": {"loader": jinja2.FunctionLoader(lambda name: "{%")}}])
    assert check_templates() == []
