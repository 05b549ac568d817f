import pickle

import pytest

from penstock.web.http import HttpResponse
from penstock.web.template import engines
from penstock.web.template.response import ContentNotRenderedError, SimpleTemplateResponse, TemplateResponse
from penstock.web.test import RequestFactory


@pytest.fixture
def response(templates):
    templates(a__html="A {{ x }}", b__html="B {{ x }}")
    return SimpleTemplateResponse("a.html", {"x": 1})


def test_template_and_context_may_change_until_it_is_rendered(response):
    response.template_name = ["none.html", "b.html"]
    response.context_data["x"] = 2
    assert response.render().content == b"B 2"


def test_response_is_rendered_once(response):
    response.render()
    response.context_data["x"] = 2
    assert response.render().content == b"A 1"


@pytest.mark.parametrize(
    "use", [lambda response: response.content, list, pickle.dumps], ids=["content", "iteration", "pickle"]
)
def test_response_that_is_not_rendered_refuses_to_be_used(response, use):
    with pytest.raises(ContentNotRenderedError, match="must be rendered before"):
        use(response)
    assert not response.is_rendered


def test_content_that_is_set_counts_as_rendered(response):
    response.content = "mine"
    assert response.is_rendered
    assert response.render().content == b"mine"


def test_callback_after_rendering_may_replace_the_response(response):
    seen = []
    response.add_post_render_callback(seen.append)
    response.add_post_render_callback(lambda _: HttpResponse("other"))
    assert response.render().content == b"other"
    assert seen == [response]


def test_callback_is_called_at_once_when_rendering_is_over(response):
    seen = []
    response.render()
    response.add_post_render_callback(seen.append)
    assert seen == [response]


def test_what_only_rendering_needed_is_not_pickled(templates):
    templates(a__html="A")
    response = TemplateResponse(RequestFactory().get("/"), "a.html", {"f": lambda: None})
    again = pickle.loads(pickle.dumps(response.render()))
    assert again.content == b"A"
    left = ("template_name", "context_data", "_post_render_callbacks", "_request")
    assert not [name for name in left if hasattr(again, name) and name in vars(again)]


def test_request_takes_part_in_rendering(templates):
    templates(a__html="{{ request.path }}")
    response = TemplateResponse(
        RequestFactory().get("/here/"), "a.html", status=201, content_type="text/plain"
    )
    assert (response.render().content, response.status_code) == (b"/here/", 201)
    assert response["Content-Type"] == "text/plain"


def test_template_itself_may_be_given(templates):
    templates()
    template = engines["jinja2"].from_string("T {{ x }}")
    assert SimpleTemplateResponse(template, {"x": 1}).render().content == b"T 1"
