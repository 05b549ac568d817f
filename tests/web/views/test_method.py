from penstock.web.test import RequestFactory
from penstock.web.views.method import refuse_method


def test_refusal_lists_what_is_there_and_is_logged(caplog):
    response = refuse_method(RequestFactory().put("/a\n/"), ["GET", "HEAD"])
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert "Method Not Allowed (PUT): /a" in caplog.text
    assert "/a\n" not in caplog.messages[0]
