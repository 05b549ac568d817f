"""The module that Django's programs import responses from."""

from penstock.web.http import response


def test_every_name_is_there():
    assert all(hasattr(response, name) for name in response.__all__)
