import os
import resource
from pathlib import Path

import pytest

from penstock.cli.machine import (
    WORKER_BYTES,
    available_cpus,
    default_workers,
    memory_bytes,
    memory_headroom_bytes,
    memory_limit_bytes,
    raise_file_limit,
)


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


@pytest.mark.parametrize(
    "folder", ["docker/abc", "docker", ""], ids=["of-the-host", "above-it", "of-the-container"]
)
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
    assert 1 <= default_workers() <= available_cpus()


V1 = "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n"


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        pytest.param({"memory.max": "536870912\n"}, 512 << 20, id="second-version"),
        pytest.param({"memory.max": "max\n"}, None, id="no-limit"),
        pytest.param({"memory.max": ""}, None, id="empty"),
        pytest.param({}, None, id="no-file"),
        pytest.param(
            {"a/b/memory.max": "max", "a/memory.max": "1000", "memory.max": "2000"}, 1000, id="above-it"
        ),
    ],
)
def test_memory_of_a_cgroup_is_the_least_up_to_the_root(
    tmp_path: Path, files: dict[str, str], limit: int | None
) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/a/b\n")
    for name, text in files.items():
        write(tmp_path / "sys/fs/cgroup" / name, text)
    assert memory_limit_bytes(tmp_path) == limit


@pytest.mark.parametrize("folder", ["docker/abc", ""], ids=["of-the-host", "of-the-container"])
def test_memory_of_the_first_cgroup_version_counts(tmp_path: Path, folder: str) -> None:
    write(tmp_path / "proc/self/cgroup", V1)
    write(tmp_path / "sys/fs/cgroup/memory" / folder / "memory.limit_in_bytes", "268435456\n")
    assert memory_limit_bytes(tmp_path) == 256 << 20


def test_no_limit_of_the_first_cgroup_version_is_a_huge_number(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", V1)
    write(tmp_path / "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    assert memory_limit_bytes(tmp_path) is None


@pytest.mark.parametrize(
    ("limit", "total", "least"),
    [
        pytest.param("1048576", "MemTotal:  4096 kB\n", 1 << 20, id="cgroup"),
        pytest.param("max", "MemFree: 1 kB\nMemTotal:  4096 kB\n", 4 << 20, id="machine"),
        pytest.param("99999999", "MemTotal:  4096 kB\n", 4 << 20, id="cgroup-beyond-the-machine"),
        pytest.param("1048576", "nonsense", 1 << 20, id="no-total"),
        pytest.param("max", "MemTotal:\n", None, id="nothing"),
    ],
)
def test_memory_is_that_of_the_cgroup_or_of_the_machine(
    tmp_path: Path, limit: str, total: str, least: int | None
) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    write(tmp_path / "sys/fs/cgroup/memory.max", limit)
    write(tmp_path / "proc/meminfo", total)
    assert memory_bytes(tmp_path) == least


@pytest.mark.parametrize(
    ("limit", "workers"),
    [
        pytest.param("max", 64, id="no-limit"),
        pytest.param(str(100 * WORKER_BYTES), 64, id="plenty"),
        pytest.param(str(3 * WORKER_BYTES + 1), 3, id="for-three"),
        pytest.param("1000000", 1, id="for-less-than-one"),
    ],
)
def test_workers_that_nobody_asked_for_fit_into_the_memory(
    tmp_path: Path, many_cpus: int, limit: str, workers: int
) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    write(tmp_path / "sys/fs/cgroup/memory.max", limit)
    assert default_workers(tmp_path) == workers <= many_cpus


def test_line_of_no_cgroup_is_skipped(tmp_path: Path, many_cpus: int) -> None:
    write(tmp_path / "proc/self/cgroup", "nonsense\n\n")
    assert available_cpus(tmp_path) == many_cpus
    assert memory_limit_bytes(tmp_path) is None


@pytest.mark.parametrize(
    ("soft", "hard", "raised"),
    [
        pytest.param(1024, 4096, 2000, id="below-the-hard-limit"),
        pytest.param(1024, 1500, 1500, id="at-the-hard-limit"),
        pytest.param(1024, resource.RLIM_INFINITY, 2000, id="no-hard-limit"),
        pytest.param(3000, 4096, 3000, id="enough"),
        pytest.param(resource.RLIM_INFINITY, resource.RLIM_INFINITY, resource.RLIM_INFINITY, id="no-limit"),
    ],
)
def test_limit_of_files_is_raised_as_far_as_it_may(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised: int
) -> None:
    limits = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda kind, pair: limits.append(pair))
    assert raise_file_limit(2000) == raised
    assert limits[-1] == (raised, hard)


@pytest.mark.parametrize(
    ("folder", "files", "expected"),
    [
        pytest.param("", {"memory.max": "1000", "memory.current": "700"}, 350, id="second-version"),
        pytest.param(
            "memory",
            {"memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "700"},
            350,
            id="first-version",
        ),
        pytest.param("", {"memory.max": "max", "memory.current": "700"}, None, id="no-limit"),
        pytest.param("", {"memory.max": "1000"}, None, id="nobody-says-what-is-used"),
        pytest.param("", {"memory.max": "100", "memory.current": "700"}, 0, id="never-less-than-nothing"),
    ],
)
def test_room_is_what_the_limit_leaves_and_files_that_can_be_dropped(
    tmp_path: Path, folder: str, files: dict[str, str], expected: int | None
) -> None:
    write(tmp_path / "proc/self/cgroup", f"1:{folder}:/\n")
    for name, text in {"memory.stat": "active_file 9\ninactive_file 50\n", **files}.items():
        write(tmp_path / "sys/fs/cgroup" / folder / name, text)
    assert memory_headroom_bytes(tmp_path) == expected
