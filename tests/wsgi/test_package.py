"""What penstock.wsgi and penstock.wsgi.cgi offer, although they import it late."""

import pytest

import penstock.wsgi
import penstock.wsgi.cgi


@pytest.mark.parametrize("package", [penstock.wsgi, penstock.wsgi.cgi], ids=lambda package: package.__name__)
def test_every_public_name_is_there(package) -> None:
    for name in package.__all__:
        assert type(getattr(package, name)).__name__ != "module"


@pytest.mark.parametrize("package", [penstock.wsgi, penstock.wsgi.cgi], ids=lambda package: package.__name__)
def test_name_that_is_not_there_is_an_attribute_error(package) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'absent'"):
        _ = package.absent
