"""sdist.py: only the pinned file is taken, and what cannot be had is said."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from tests.django_suite import sdist


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no index to download from."""
    monkeypatch.setattr(sdist, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "cache"


def archive(cache: Path, name: str, version: str) -> Path:
    """A source distribution with one test and one file that is none."""
    cache.mkdir()
    path = cache / f"{name}-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as made:
        for member in ("tests/one/tests.py", "django/secret.py"):
            entry = tarfile.TarInfo(f"{name}-{version}/{member}")
            entry.size = 4
            made.addfile(entry, io.BytesIO(b"pass"))
    return path


def test_what_cannot_be_downloaded_is_said() -> None:
    with pytest.raises(sdist.SdistMissingError, match=r"No matching distribution|not find a version"):
        sdist.django_tests()


def test_a_file_with_another_hash_is_refused_and_removed(cache: Path) -> None:
    name, version, _ = sdist._required()
    path = archive(cache, name, version)
    with pytest.raises(sdist.SdistMissingError, match="has the hash"):
        sdist.django_tests()
    assert not path.exists()


def test_the_tests_alone_are_unpacked(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, version, _ = sdist._required()
    digest = hashlib.sha256(archive(cache, name, version).read_bytes()).hexdigest()
    requirement = tmp_path / "sdist.txt"
    requirement.write_text(f"Django=={version} --hash=sha256:{digest}\n")
    monkeypatch.setattr(sdist, "REQUIREMENT", requirement)
    tests = sdist.django_tests()
    assert (tests / "one" / "tests.py").read_text() == "pass"
    kept = {path.name for path in cache.iterdir()} - {"lock"}
    assert kept == {f"{name}-{version}", f"{name}-{version}.tar.gz"}
    assert [path.name for path in tests.parent.iterdir()] == ["tests"]
    assert sdist.django_tests() == tests
