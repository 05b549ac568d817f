from penstock.web.http import HttpResponse
from penstock.web.test import RequestFactory
from penstock.web.views.decorators.gzip import gzip_page


def test_page_is_compressed_for_who_takes_it():
    decorated = gzip_page(lambda request: HttpResponse("content " * 100))
    request = RequestFactory().get("/", headers={"accept-encoding": "gzip"})
    assert decorated(request)["Content-Encoding"] == "gzip"
    assert not decorated(RequestFactory().get("/")).has_header("Content-Encoding")
