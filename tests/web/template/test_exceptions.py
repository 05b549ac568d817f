from penstock.web.template import TemplateDoesNotExist


def test_missing_template_carries_what_error_pages_show():
    inner = TemplateDoesNotExist("a.html", tried=[("here", "no")], backend="engine")
    outer = TemplateDoesNotExist("a.html", chain=[inner])
    assert (inner.tried, inner.backend, inner.chain) == ([("here", "no")], "engine", [])
    assert (outer.tried, outer.chain, str(outer)) == ([], [inner], "a.html")
