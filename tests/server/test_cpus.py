import os
from pathlib import Path

import pytest

from penstock.server.cpus import available_cpus


@pytest.fixture
def eight_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


@pytest.mark.parametrize(
    ("quota", "count"),
    [
        pytest.param("max 100000", 8, id="no-quota"),
        pytest.param("150000 100000", 2, id="one-and-a-half-rounds-up"),
        pytest.param("10000 100000", 1, id="a-tenth-is-one"),
        pytest.param("3200000 100000", 8, id="more-than-allowed"),
        pytest.param("", 8, id="empty-file"),
    ],
)
@pytest.mark.usefixtures("eight_allowed")
def test_quota_of_cgroup_v2_bounds_the_count(tmp_path: Path, quota: str, count: int) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert available_cpus(tmp_path) == count


@pytest.mark.parametrize(("quota", "count"), [("-1", 8), ("200000", 2)], ids=["no-quota", "two"])
@pytest.mark.usefixtures("eight_allowed")
def test_quota_of_cgroup_v1_bounds_the_count(tmp_path: Path, quota: str, count: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000")
    assert available_cpus(tmp_path) == count


@pytest.mark.usefixtures("eight_allowed")
def test_machine_without_cgroups_has_the_cpus_it_may_use(tmp_path: Path) -> None:
    assert available_cpus(tmp_path / "absent") == 8
