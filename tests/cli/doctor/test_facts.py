import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.cli.doctor import facts
from penstock.cli.doctor.facts import gather, import_aside, measure, read_somaxconn, share_of
from penstock.cli.machine import default_workers
from penstock.config import load_config
from penstock.telemetry import FoundMaster, Recorder, Segment, WorkerState


@pytest.fixture
def segment() -> Iterator[Segment]:
    """The memory of a server whose only ready worker is this process."""
    made = Segment.create(4, 2, 65536)
    for slot, pid, state in ((1, os.getpid(), WorkerState.READY), (2, 1, WorkerState.READY)):
        recorder = Recorder(made, slot)
        recorder.reset(pid, 1)
        recorder.set_state(state)
    yield made
    os.close(made.fd)
    os.close(made.wake_fd)


def found(segment: Segment) -> FoundMaster:
    return FoundMaster(os.getpid(), f"/proc/self/fd/{segment.fd}", (os.getpid(),))


def test_machine_and_configuration_are_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load_config({}, {"PENSTOCK_CHDIR": "sub"})
    facts = gather(loaded, {"KUBERNETES_SERVICE_HOST": "x"}, [], proxy_keep_alive_s=60.0)
    assert facts.config.server.workers == default_workers()
    assert facts.folder == tmp_path / "sub"
    assert facts.user_id == os.geteuid()
    assert facts.max_files > 0
    assert (facts.is_in_kubernetes, facts.running, facts.imported) == (True, None, None)
    assert not gather(loaded, {}, [], proxy_keep_alive_s=60.0).is_in_kubernetes


def test_one_running_server_is_measured_and_of_several_none(segment) -> None:
    loaded = load_config({}, {})
    one = gather(loaded, {}, [found(segment)], proxy_keep_alive_s=60.0)
    assert one.running is not None
    assert gather(loaded, {}, [found(segment)] * 2, proxy_keep_alive_s=60.0).running is None


def test_worker_is_measured_and_a_stranger_that_the_memory_claims_is_not(segment) -> None:
    running = measure(found(segment))
    assert running is not None
    (size,) = running.worker_bytes
    assert 1 << 20 < size < 1 << 34


def test_server_that_has_just_ended_is_none(tmp_path: Path) -> None:
    assert measure(FoundMaster(1, str(tmp_path / "gone"), ())) is None
    (tmp_path / "file").write_text("no segment")
    assert measure(FoundMaster(1, str(tmp_path / "file"), ())) is None


def test_memory_that_the_kernel_does_not_divide_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    divided = share_of(os.getpid())
    monkeypatch.setattr(facts, "proportional", lambda pid: 0)  # another user's
    assert 1 << 20 < divided <= share_of(os.getpid())
    assert share_of(1 << 22) == 0


@pytest.mark.parametrize(("text", "value"), [("4096\n", 4096), ("", None), (None, None)])
def test_somaxconn_is_read(tmp_path: Path, text: str | None, value: int | None) -> None:
    if text is not None:
        (tmp_path / "sys/net/core").mkdir(parents=True)
        (tmp_path / "sys/net/core/somaxconn").write_text(text)
    assert read_somaxconn(tmp_path) == value


def test_no_limit_of_files_is_enough_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1024, resource.RLIM_INFINITY))
    assert gather(load_config({}, {}), {}, [], proxy_keep_alive_s=1.0).max_files == sys.maxsize


APPLICATION = "def application(environ, start_response):\n    return []\n"


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        pytest.param(APPLICATION, "", id="fine"),
        pytest.param("print('{\"a\": 1}', flush=True)\n" + APPLICATION, "", id="prints"),
        pytest.param("import no_such_module\n", "no_such_module", id="import-error"),
        pytest.param("import os\nos._exit(3)\n", "ended with status 3", id="exits"),
        pytest.param("import os\nos.kill(os.getpid(), 9)\n", "ended with signal 9", id="killed"),
        pytest.param("import os\nos.write(1, b'{}')\nos._exit(0)\n", "ended with status 0", id="no-report"),
    ],
)
def test_application_is_imported_aside(tmp_path: Path, text: str, failure: str) -> None:
    (tmp_path / "aside_app.py").write_text(text)
    report = import_aside("aside_app", tmp_path)
    assert failure in report.failure
    assert bool(report.failure) is bool(failure)
    assert (report.resident_bytes > 1 << 20) is not bool(failure)
    assert "aside_app" not in sys.modules


def test_thread_that_the_import_leaves_is_named(tmp_path: Path) -> None:
    (tmp_path / "aside_app.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), name='ticker', daemon=False).start()\n" + APPLICATION
    )
    (hazard,) = import_aside("aside_app", tmp_path).hazards
    assert "thread 'ticker'" in hazard
    assert "aside_app.py:2" in hazard


def test_folder_that_is_not_there_is_the_reason(tmp_path: Path) -> None:
    assert "no such file or directory" in import_aside("app", tmp_path / "no").failure


def test_import_without_end_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "IMPORT_S", 0.5)
    (tmp_path / "aside_app.py").write_text("import time\ntime.sleep(60)\n")
    assert import_aside("aside_app", tmp_path).failure.startswith("it was still importing after")
    assert subprocess.run(["pgrep", "-f", str(tmp_path)], check=False, capture_output=True).stdout == b""
