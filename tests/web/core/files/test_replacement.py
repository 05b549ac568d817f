"""Files that appear whole or not at all."""

import pytest

from penstock.web.core.files.replacement import replace_file


def test_file_replaces_what_is_there(tmp_path):
    (tmp_path / "a").write_bytes(b"before")
    replace_file(tmp_path / "a", b"after")
    assert (tmp_path / "a").read_bytes() == b"after"


def test_file_is_for_its_owner_alone(tmp_path):
    replace_file(tmp_path / "a", b"secret")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("folder", b"new", id="the-place-is-a-folder"),
        pytest.param("a", "no bytes", id="no-bytes"),
    ],
)
def test_file_that_cannot_be_written_leaves_all_as_it_was(tmp_path, name, content):
    (tmp_path / "folder").mkdir()
    (tmp_path / "a").write_bytes(b"before")
    with pytest.raises((OSError, TypeError)):
        replace_file(tmp_path / name, content)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "folder"]
    assert (tmp_path / "a").read_bytes() == b"before"
