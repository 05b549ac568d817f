"""Files in a directory of this machine."""

import datetime as dt
import os
import stat

import pytest

from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.core.files.base import ContentFile
from penstock.web.core.files.storage import FileSystemStorage
from penstock.web.core.files.uploadedfile import TemporaryUploadedFile


@pytest.fixture
def storage(tmp_path):
    return FileSystemStorage(tmp_path / "media", "/media")


def test_saved_file_is_there(storage):
    assert storage.save("dir/a.txt", ContentFile(b"abc")) == "dir/a.txt"
    assert storage.exists("dir/a.txt")
    assert (storage.size("dir/a.txt"), storage.url("dir/é.txt")) == (3, "/media/dir/%C3%A9.txt")
    with storage.open("dir/a.txt") as file:
        assert file.read() == b"abc"
    assert storage.listdir("") == (["dir"], [])
    assert storage.listdir("dir") == ([], ["a.txt"])


def test_name_that_is_taken_is_given_to_nobody_else(storage):
    first, second = storage.save("a.tar.gz", ContentFile("1")), storage.save("a.tar.gz", ContentFile("2"))
    assert first == "a.tar.gz"
    assert second.startswith("a_")
    assert second.endswith(".tar.gz")
    assert storage.open(first, "r").read() == "1"


def test_name_taken_between_the_look_and_the_writing_is_given_up(storage, monkeypatch):
    storage.save("a.txt", ContentFile("1"))
    names = iter(["a.txt", "b.txt"])
    monkeypatch.setattr(storage, "get_available_name", lambda _name, _max_length=None: next(names))
    assert storage.save("a.txt", ContentFile("2")) == "b.txt"


def test_name_may_be_taken_over_if_that_is_allowed(tmp_path):
    storage = FileSystemStorage(tmp_path, allow_overwrite=True)
    storage.save("a.txt", ContentFile("longer"))
    assert storage.save("a.txt", ContentFile("1")) == "a.txt"
    assert (tmp_path / "a.txt").read_text() == "1"
    assert not storage.is_name_available("a.txt", max_length=4)


def test_temporary_upload_is_moved(storage):
    upload = TemporaryUploadedFile("a.txt", "text/plain", 3, None)
    upload.write(b"abc")
    upload.flush()
    assert storage.save("a.txt", upload) == "a.txt"
    assert storage.open("a.txt").read() == b"abc"
    upload.close()


@pytest.mark.parametrize("name", ["../a.txt", "/etc/passwd", "a/../../b"])
def test_name_that_leads_out_is_refused(storage, name):
    with pytest.raises(SuspiciousFileOperation):
        storage.path(name)
    with pytest.raises(SuspiciousFileOperation):
        storage.save(name, ContentFile("x"))


def test_deleting_is_silent_where_there_is_nothing(storage):
    storage.save("dir/a.txt", ContentFile("x"))
    for name in ("dir/a.txt", "dir/a.txt", "dir"):
        storage.delete(name)
        assert not storage.exists(name)
    with pytest.raises(ValueError, match="name must be given"):
        storage.delete("")


def test_permissions_are_those_of_the_settings(tmp_path, override):
    override(MEDIA_ROOT=str(tmp_path), FILE_UPLOAD_PERMISSIONS=0o600, FILE_UPLOAD_DIRECTORY_PERMISSIONS=0o710)
    FileSystemStorage().save("a/b/c.txt", ContentFile("x"))
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "a/b/c.txt")]
    assert modes == [0o710, 0o710, 0o600]


def test_directory_that_is_a_file_is_an_error(storage):
    storage.save("a", ContentFile("x"))
    with pytest.raises(FileExistsError, match="exists and is not a directory"):
        storage.save("a/b", ContentFile("x"))


def test_storage_without_a_url_has_none(tmp_path, override):
    override(MEDIA_URL=None)
    with pytest.raises(ValueError, match="not accessible via a URL"):
        FileSystemStorage(tmp_path).url("a")
    assert FileSystemStorage(tmp_path, "/m").url(None) == "/m/"


@pytest.mark.parametrize("is_aware", [True, False])
def test_times_are_aware_if_settings_say_so(storage, override, is_aware):
    override(USE_TZ=is_aware)
    storage.save("a", ContentFile("x"))
    os.utime(storage.path("a"), (1_000_000_000, 1_000_000_000))
    moments = [storage.get_accessed_time("a"), storage.get_modified_time("a")]
    expected = dt.datetime.fromtimestamp(1_000_000_000, tz=dt.UTC)
    assert moments == [expected if is_aware else expected.astimezone().replace(tzinfo=None)] * 2
    assert (storage.get_created_time("a").tzinfo is not None) is is_aware


def test_empty_file_is_saved(storage):
    storage.save("a", ContentFile(b""))
    assert storage.size("a") == 0
