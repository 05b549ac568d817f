"""What tests are told of rendering, built-in pages included."""

import subprocess
import sys

import pytest

from penstock.web.template.witness import tell_of_rendering
from penstock.web.test import Client
from penstock.web.test.signals import template_rendered
from penstock.web.views import defaults


@pytest.fixture
def told():
    seen = []

    def note(sender, template, context, **_named):
        seen.append((template, context))

    template_rendered.connect(note)
    yield seen
    template_rendered.disconnect(note)


def test_template_and_context_are_told(told):
    tell_of_rendering("template", {"a": 1})
    assert told == [("template", {"a": 1})]


def test_built_in_page_of_404_is_told_as_a_template_without_a_name(urlconf, override):
    urlconf(handler404=defaults.page_not_found)
    override(MIDDLEWARE=[])
    response = Client().get("/no such/")
    assert response.context["request_path"] == "/no%20such/"
    assert [template.name for template in response.templates] == [None]


def test_nothing_is_imported_to_tell_nobody():
    script = """
import sys
from penstock.web.template.witness import tell_of_rendering
tell_of_rendering("template", {})
print("penstock.web.test.signals" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
