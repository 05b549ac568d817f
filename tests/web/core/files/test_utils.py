"""The module that storages import from."""

from penstock.web.core.files import name, proxy, utils


def test_names_are_those_of_the_files_beside_it():
    assert (utils.validate_file_name, utils.FileProxyMixin) == (name.validate_file_name, proxy.FileProxyMixin)
