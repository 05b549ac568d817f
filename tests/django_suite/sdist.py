"""Django's own tests, from its source distribution.

In:     sdist.txt, which says which version and which hash; pip, which knows where to look.
Out:    the folder of the tests, below .cache.
Never:  takes a file with another hash; never names an index; never writes into the tree.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

REQUIREMENT = Path(__file__).parent / "sdist.txt"
CACHE = Path(__file__).parents[2] / ".cache" / "django-suite"
DOWNLOAD_TIMEOUT_S = 110


class SdistMissingError(Exception):
    """The source distribution cannot be had; the message says why."""


def django_tests() -> Path:
    """The folder with Django's test packages.

    Raises:
        SdistMissingError: it is not in the cache and cannot be downloaded.
    """
    name, version, digest = _required()
    tests = CACHE / f"{name}-{version}" / "tests"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:  # in CI several Pythons come for it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tests.is_dir():
            _unpack(_downloaded(name, version, digest))
    return tests


def _required() -> tuple[str, str, str]:
    found = re.search(r"^(\w+)==(\S+) --hash=sha256:([0-9a-f]{64})$", REQUIREMENT.read_text(), re.MULTILINE)
    assert found, f"{REQUIREMENT}: expected one pinned requirement with its hash"
    return found[1].lower(), found[2], found[3]


def _downloaded(name: str, version: str, digest: str) -> Path:
    archive = CACHE / f"{name}-{version}.tar.gz"
    if not archive.exists():
        _download()
    got = hashlib.sha256(archive.read_bytes()).hexdigest()
    if got != digest:
        archive.unlink()
        raise SdistMissingError(f"{archive.name} has the hash {got}; expected {digest}")
    return archive


def _download() -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"]
    source = ["--no-binary", ":all:", "--no-build-isolation"]  # the build tools are those of the lock
    command = [sys.executable, "-m", "pip", "download", *options, *source, "--dest", str(CACHE)]
    try:
        done = subprocess.run(
            [*command, "--requirement", str(REQUIREMENT)],
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SdistMissingError(f"no answer within {DOWNLOAD_TIMEOUT_S} s") from None
    if done.returncode:
        raise SdistMissingError((done.stderr.strip().splitlines() or ["pip failed"])[-1])


def _unpack(archive: Path) -> None:
    """Unpack the tests beside their place and move them there: half of them is never taken for all."""
    root = archive.name.removesuffix(".tar.gz")
    beside = CACHE / f"unpacking-{os.getpid()}"
    with tarfile.open(archive) as opened:
        wanted = [member for member in opened if member.name.startswith(f"{root}/tests/")]
        opened.extractall(beside, members=wanted, filter="data")
    target = CACHE / root
    target.mkdir(exist_ok=True)
    (beside / root / "tests").rename(target / "tests")
    (beside / root).rmdir()
    beside.rmdir()
