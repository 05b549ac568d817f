"""Moving a file."""

import errno
import os

import pytest

from penstock.web.core.files.move import file_move_safe


@pytest.fixture
def paths(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"abc")
    return old, new


@pytest.fixture(params=["same-file-system", "other-file-system"])
def file_system(request, monkeypatch):
    if request.param == "other-file-system":

        def refuse(*_paths):
            raise OSError(errno.EXDEV, "cross-device link")

        monkeypatch.setattr(os, "rename", refuse)


@pytest.mark.usefixtures("file_system")
def test_file_is_moved(paths):
    old, new = paths
    file_move_safe(str(old), str(new))
    assert (new.read_bytes(), old.exists()) == (b"abc", False)


@pytest.mark.usefixtures("file_system")
def test_file_that_is_there_is_replaced_if_that_is_allowed(paths):
    old, new = paths
    new.write_bytes(b"longer than that")
    with pytest.raises(FileExistsError, match="allow_overwrite is False"):
        file_move_safe(str(old), str(new))
    file_move_safe(str(old), str(new), allow_overwrite=True)
    assert new.read_bytes() == b"abc"


def test_file_moved_to_itself_stays(paths):
    old, _ = paths
    file_move_safe(str(old), str(old))
    assert old.read_bytes() == b"abc"
