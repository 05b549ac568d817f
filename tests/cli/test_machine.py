import os
from pathlib import Path

import pytest

from penstock.cli.machine import available_cpus


@pytest.fixture
def many_cpus(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    return 64


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_cgroup_files_the_affinity_counts(tmp_path: Path, many_cpus: int) -> None:
    assert available_cpus(tmp_path) == many_cpus


@pytest.mark.parametrize(
    ("limit", "count"),
    [
        pytest.param("200000 100000", 2, id="two"),
        pytest.param("150000 100000", 2, id="one-and-a-half"),
        pytest.param("5000 100000", 1, id="a-twentieth"),
        pytest.param("max 100000", 64, id="none"),
        pytest.param("", 64, id="empty"),
        pytest.param("1 0", 64, id="period-zero"),
    ],
)
def test_quota_of_a_container_counts(tmp_path: Path, many_cpus: int, limit: str, count: int) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    write(tmp_path / "sys/fs/cgroup/cpu.max", limit)
    assert available_cpus(tmp_path) == count <= many_cpus


def test_least_quota_up_to_the_root_counts(tmp_path: Path, many_cpus: int) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/system.slice/site.service\n")
    write(tmp_path / "sys/fs/cgroup/system.slice/site.service/cpu.max", "max 100000")
    write(tmp_path / "sys/fs/cgroup/system.slice/cpu.max", "300000 100000")
    write(tmp_path / "sys/fs/cgroup/cpu.max", "800000 100000")
    assert available_cpus(tmp_path) == 3 < many_cpus


@pytest.mark.parametrize("folder", ["docker/abc", ""], ids=["of-the-host", "of-the-container"])
def test_quota_of_the_first_cgroup_version_counts(tmp_path: Path, many_cpus: int, folder: str) -> None:
    write(tmp_path / "proc/self/cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n")
    write(tmp_path / "sys/fs/cgroup/cpu" / folder / "cpu.cfs_quota_us", "400000\n")
    write(tmp_path / "sys/fs/cgroup/cpu" / folder / "cpu.cfs_period_us", "100000\n")
    assert available_cpus(tmp_path) == 4 < many_cpus


def test_no_quota_in_the_first_cgroup_version_is_minus_one(tmp_path: Path, many_cpus: int) -> None:
    write(tmp_path / "proc/self/cgroup", "4:cpu:/\n")
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert available_cpus(tmp_path) == many_cpus


def test_this_machine_has_at_least_one() -> None:
    assert 1 <= available_cpus() <= len(os.sched_getaffinity(0))
