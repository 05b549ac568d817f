"""utils/module_loading.py."""

import json
import json.decoder
import types

import pytest

from penstock.web.utils.module_loading import import_string, module_dir, module_has_submodule


def test_a_dotted_name_leads_to_what_stands_there():
    assert import_string("json.decoder.JSONDecoder") is json.decoder.JSONDecoder


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nodots", "expected a module, a dot and a name"),
        ("nowhere.at.all", "nowhere"),
        ("json.Nothing", "module 'json' has no 'Nothing'"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(path, message):
    with pytest.raises(ImportError, match=message):
        import_string(path)


@pytest.mark.parametrize(
    ("package", "name", "has_it"),
    [(json, "decoder", True), (json, "nothing", False), (json, "no.such", False), (types, "x", False)],
)
def test_a_submodule_is_found_without_importing_it(package, name, has_it):
    assert module_has_submodule(package, name) is has_it


def test_a_module_has_one_folder():
    assert module_dir(json).endswith("json")
    assert module_dir(json.decoder).endswith("json")
    scattered = types.ModuleType("scattered")
    scattered.__path__ = ["/a", "/b"]
    with pytest.raises(ValueError, match="scattered"):
        module_dir(scattered)
