"""What every storage has."""

import io

import pytest

from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.core.files.storage import InMemoryStorage, Storage


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.open("a"),
        lambda s: s._save("a", None),
        lambda s: s.delete("a"),
        lambda s: s.exists("a"),
        lambda s: s.listdir(""),
        lambda s: s.size("a"),
        lambda s: s.url("a"),
        lambda s: s.path("a"),
        lambda s: s.get_accessed_time("a"),
        lambda s: s.get_created_time("a"),
        lambda s: s.get_modified_time("a"),
    ],
)
def test_storage_that_leaves_a_method_out_says_so(call):
    with pytest.raises(NotImplementedError):
        call(Storage())


def test_name_of_the_file_is_taken_where_none_is_given():
    content = io.BytesIO(b"abc")
    content.name = "a.txt"
    assert InMemoryStorage().save(None, content) == "a.txt"


def test_available_name_is_short_enough():
    storage = InMemoryStorage()
    storage.save("abcdefghij.txt", io.BytesIO(b""))
    name = storage.get_available_name("abcdefghij.txt", max_length=14)
    assert len(name) == 14
    assert name.endswith(".txt")
    with pytest.raises(SuspiciousFileOperation, match="can not find an available filename"):
        storage.get_available_name("abcdefghij.txt", max_length=8)


@pytest.mark.parametrize("name", ["../a", "a/../../b", "a/.."])
def test_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises(SuspiciousFileOperation):
        InMemoryStorage().get_available_name(name)


def test_generated_name_is_valid():
    assert InMemoryStorage().generate_filename("dir/a b!.txt") == "dir/a_b.txt"
    with pytest.raises(SuspiciousFileOperation):
        InMemoryStorage().generate_filename("../a")
