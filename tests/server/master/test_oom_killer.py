import pytest

from penstock.server.master.oom_killer import SAME_SHORTAGE_NS, OOMKiller

PLACES = [
    pytest.param("0::/app\n", "sys/fs/cgroup/app/memory.events", id="version-2"),
    pytest.param("0::/docker/a1\n", "sys/fs/cgroup/memory.events", id="version-2-inside-a-container"),
    pytest.param("4:memory:/app\n0::/\n", "sys/fs/cgroup/memory/app/memory.oom_control", id="version-1"),
    pytest.param(
        "4:memory:/docker/a1\n", "sys/fs/cgroup/memory/memory.oom_control", id="version-1-inside-a-container"
    ),
]


def write(root, place, content):
    file = root / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def name_cgroup(root, content):
    write(root, "proc/self/cgroup", content)


@pytest.mark.parametrize(("cgroup", "place"), PLACES)
def test_count_that_has_grown_means_that_the_kernel_killed(tmp_path, cgroup, place) -> None:
    name_cgroup(tmp_path, cgroup)
    write(tmp_path, place, "low 0\noom 5\noom_kill 3\n")
    killer = OOMKiller(tmp_path)
    assert killer.total_count == 3
    assert not killer.has_struck(0)
    write(tmp_path, place, "low 0\noom 6\noom_kill 4\n")
    assert killer.has_struck(0)
    assert killer.total_count == 4


def test_victims_of_the_same_shortage_are_told_and_later_deaths_are_not(tmp_path) -> None:
    name_cgroup(tmp_path, "0::/app\n")
    place = "sys/fs/cgroup/app/memory.events"
    write(tmp_path, place, "oom_kill 0\n")
    killer = OOMKiller(tmp_path)
    write(tmp_path, place, "oom_kill 2\n")
    assert killer.has_struck(10)
    assert killer.has_struck(11)
    assert not killer.has_struck(10 + SAME_SHORTAGE_NS)


def test_most_exact_file_is_believed(tmp_path) -> None:
    name_cgroup(tmp_path, "0::/app\n")
    write(tmp_path, "sys/fs/cgroup/memory.events", "oom_kill 9\n")
    write(tmp_path, "sys/fs/cgroup/app/memory.events", "oom_kill 1\n")
    assert OOMKiller(tmp_path).total_count == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no-file"),
        pytest.param("", id="empty"),
        pytest.param("oom 1\n", id="another-kernel"),
        pytest.param("oom_kill\n", id="no-number"),
        pytest.param("oom_kill many\n", id="no-digits"),
    ],
)
def test_without_a_count_nothing_is_known(tmp_path, content) -> None:
    name_cgroup(tmp_path, "0::/app\n")
    if content is not None:
        write(tmp_path, "sys/fs/cgroup/app/memory.events", content)
    killer = OOMKiller(tmp_path)
    assert not killer.has_struck(0)


def test_without_proc_nothing_is_known(tmp_path) -> None:
    assert not OOMKiller(tmp_path).has_struck(0)


def test_count_that_can_no_longer_be_read_is_no_news(tmp_path) -> None:
    name_cgroup(tmp_path, "0::/app\n")
    place = "sys/fs/cgroup/app/memory.events"
    write(tmp_path, place, "oom_kill 2\n")
    killer = OOMKiller(tmp_path)
    (tmp_path / place).unlink()
    assert not killer.has_struck(0)
