"""Files in memory."""

import io

import pytest

from penstock.web.core.files.storage import InMemoryStorage


def test_file_is_kept_as_long_as_it_is_not_deleted():
    storage = InMemoryStorage("/m/")
    storage.save("dir/a.txt", io.BytesIO(b"abc"))
    storage.save("b.txt", io.StringIO("é"))
    assert (storage.exists("dir/a.txt"), storage.size("b.txt"), storage.url("b.txt")) == (True, 2, "/m/b.txt")
    assert (storage.open("b.txt").read(), storage.open("b.txt", "r").read()) == ("é".encode(), "é")
    assert storage.listdir("") == (["dir"], ["b.txt"])
    assert storage.listdir("dir/") == ([], ["a.txt"])
    storage.delete("b.txt")
    storage.delete("b.txt")
    with pytest.raises(FileNotFoundError, match=r"no file 'b.txt'"):
        storage.open("b.txt")
