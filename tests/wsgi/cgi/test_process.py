"""Processes of scripts: fed, listened to, and ended whatever they do."""

import io
import os
from pathlib import Path

import pytest
from tests.flows.harness import wait_until

from penstock.config import CGIConfig
from penstock.wsgi.cgi.error import ScriptFailedError
from penstock.wsgi.cgi.process import Command, ScriptProcess

# A busy machine needs its time for a script, and for the end of one.
PATIENT = CGIConfig(cgi_timeout_s=60, cgi_kill_grace_s=30)


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a shell script; what was started is ended."""
    started = []

    def start(text, body=b"", config=PATIENT, said=None):
        command = Command([b"/bin/sh", b"-c", text.encode()], tmp_path, {b"PATH": b"/usr/bin:/bin"})
        note = [].append if said is None else said.append
        process = ScriptProcess(command, io.BytesIO(body), len(body), config, note)
        started.append(process)
        return process

    yield start
    for process in started:
        if process._process.returncode is None:
            process.close()


def read_all(process) -> bytes:
    whole = b""
    while data := process.read():
        whole += data
    return whole


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_output_is_read_and_the_end_is_well(start) -> None:
    process = start("echo one; echo two")
    assert read_all(process) == b"one\ntwo\n"
    process.close()
    assert process.exit_text == ""


def test_body_larger_than_every_pipe_goes_through_and_back(start) -> None:
    body = os.urandom(700_000)
    process = start("cat", body)
    assert read_all(process) == body


def test_script_that_never_reads_its_body_is_answered(start) -> None:
    assert read_all(start("echo done", b"x" * 500_000)) == b"done\n"


def test_script_without_a_body_sees_the_end_of_it(start) -> None:
    assert read_all(start("cat; echo end")) == b"end\n"


def test_standard_error_becomes_lines_and_the_last_one_needs_no_end(start) -> None:
    said = []
    process = start("echo one >&2; echo; printf 'two\\377' >&2", said=said)
    read_all(process)
    process.close()
    assert said == ["one", "two\\xff"]


def test_standard_error_is_not_logged_without_end(start) -> None:
    said = []
    process = start("yes some-words | head -c 300000 >&2; echo out", said=said)
    assert read_all(process) == b"out\n"
    process.close()
    assert sum(map(len, said)) < 70_000
    assert "more is not logged" in "".join(said)


def test_script_that_takes_too_long_is_ended_with_its_children(start) -> None:
    hurried = CGIConfig(cgi_timeout_s=0.5, cgi_kill_grace_s=30)
    process = start("echo $$; sleep 60 & echo $!; wait", config=hurried)
    said = []  # nothing, perhaps, where the machine has no time for it
    with pytest.raises(ScriptFailedError, match=r"script not done after 0\.5 s") as caught:
        said.extend(iter(process.read, b""))
    assert caught.value.status == "504 Gateway Timeout"
    process.close()
    for pid in b"".join(said).split():
        wait_until(lambda pid=pid: not is_alive(int(pid)), "the script and its child are gone")
    assert process.exit_text == "signal 15"


def test_script_that_ignores_term_is_killed(start) -> None:
    process = start(
        "trap '' TERM; echo $$; while :; do sleep 60; done", config=CGIConfig(cgi_kill_grace_s=0.3)
    )
    pid = int(process.read())
    process.close()
    assert not is_alive(pid)
    assert process.exit_text == "signal 9"


def test_endless_output_is_cut(start) -> None:
    process = start("yes", config=CGIConfig(cgi_max_output_bytes=100_000))
    with pytest.raises(ScriptFailedError, match="output of more than 100000 bytes") as caught:
        read_all(process)
    assert caught.value.status == "502 Bad Gateway"


def test_output_that_nobody_reads_makes_the_script_wait(start) -> None:
    process = start("yes | head -c 1000000; echo done >&2")
    process.read()
    assert process._open  # it cannot have ended: a pipe holds less
    process.close()
    assert process.exit_text != ""


def test_daemon_that_keeps_the_pipe_is_not_waited_for(start) -> None:
    # The daemon leaves the group, as one does, and so outlives its script; the test ends it.
    is_apart = "[ $(ps -o sid= -p $!) = $! ]"
    process = start(f"setsid sleep 60 & until {is_apart}; do :; done; echo $!")
    pid = int(read_all(process))
    process.close()
    assert is_alive(pid)  # or it had been waited for
    os.kill(pid, 9)


def test_child_that_stays_in_the_group_ends_with_the_script(start) -> None:
    process = start("sleep 60 & echo $!")
    pid = int(read_all(process))
    process.close()
    wait_until(lambda: not is_alive(pid), "the child is gone")


def test_script_that_closes_its_output_has_a_grace_and_is_ended(start) -> None:
    process = start("echo $$; exec >&-; sleep 60", config=CGIConfig(cgi_kill_grace_s=0.2))
    pid = int(read_all(process))
    process.close()
    assert not is_alive(pid)


def test_limits_are_the_scripts_own(start) -> None:
    config = CGIConfig(cgi_files=33, cgi_cpu_s=7, cgi_memory_bytes=1 << 30)
    # They are set from outside, some microseconds after it begins; its body comes later than that.
    process = start("read line; ulimit -n; ulimit -t; ulimit -v; ulimit -c", b"go\n", config=config)
    assert read_all(process).split() == [b"33", b"7", b"1048576", b"0"]


def test_script_that_computes_too_long_is_ended_by_its_limit(start) -> None:
    process = start("while :; do :; done", config=CGIConfig(cgi_cpu_s=1))
    assert read_all(process) == b""
    process.close()
    assert process.exit_text in {"signal 24", "signal 9"}


def test_script_inherits_no_descriptor_of_the_server(start, tmp_path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        listed = read_all(start("ls /proc/self/fd"))
    assert set(listed.split()) <= {b"0", b"1", b"2", b"3"}  # 3 is the folder that ls reads


def test_script_leads_a_session_of_its_own(start) -> None:
    process = start("ps -o pid=,pgid=,sid= -p $$")
    pid, group, session = read_all(process).split()
    assert pid == group == session


def test_command_that_is_not_there_is_told() -> None:
    with pytest.raises(ScriptFailedError, match="cannot be started: no such file") as caught:
        ScriptProcess(Command([b"/nowhere"], Path("/"), {}), io.BytesIO(), 0, PATIENT, print)
    assert caught.value.status == "500 Internal Server Error"


def test_command_that_is_too_long_is_told_without_a_guess_at_its_first_line() -> None:
    command = Command([b"/bin/sh", b"a" * 3_000_000], Path("/"), {})
    with pytest.raises(ScriptFailedError, match=r"cannot be started: argument list too long$"):
        ScriptProcess(command, io.BytesIO(), 0, PATIENT, print)


def test_script_without_a_descriptor_left_for_it_is_ended(monkeypatch) -> None:
    def refuse(pid):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    with pytest.raises(ScriptFailedError, match=r"cannot be started: too many open files$"):
        ScriptProcess(Command([b"/bin/sleep", b"60"], Path("/"), {}), io.BytesIO(), 0, PATIENT, print)


def test_time_that_nobody_reads_is_not_the_scripts(start, tmp_path, monkeypatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr("penstock.wsgi.cgi.process.monotonic", lambda: now_s[0])
    process = start("echo in; until [ -e go ]; do sleep 0.01; done; echo out")
    assert process.read() == b"in\n"
    now_s[0] += 1_000  # a client that takes its time
    (tmp_path / "go").touch()
    assert process.read() == b"out\n"
