import pytest

from penstock.web.conf import urls
from penstock.web.utils.module_loading import import_string


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_default_handler_leads_to_a_view(status):
    assert callable(import_string(getattr(urls, f"handler{status}")))
