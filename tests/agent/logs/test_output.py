"""Real descriptors: files, pipes, sockets, terminals, full and closed ones."""

import fcntl
import os
import pty
import socket
import termios

import pytest

from penstock.agent.logs.output import Kind, Output

LINE = b"x" * 99 + b"\n"


@pytest.fixture
def pipe():
    ends = list(os.pipe())
    yield ends
    for fd in ends:
        if fd >= 0:
            os.close(fd)


def output_on(fd, now):
    return Output("access log", "-", fd, now)


def read_available(fd) -> bytes:
    os.set_blocking(fd, False)
    data = b""
    try:
        while piece := os.read(fd, 65536):
            data += piece
    except BlockingIOError:
        pass
    return data


# Files by name


def test_a_file_is_made_and_appended_to(tmp_path, now):
    path = tmp_path / "access.log"
    path.write_bytes(b"before\n")
    output = Output("access log", str(path), 1, now)
    assert output.kind is Kind.FILE
    assert output.write(LINE)
    assert path.read_bytes() == b"before\n" + LINE
    assert output.size_bytes() == 107
    output.close()


def test_a_log_is_not_readable_by_others(tmp_path, now):
    path = tmp_path / "access.log"
    Output("access log", str(path), 1, now).close()
    assert path.stat().st_mode & 0o007 == 0


def test_a_rotated_file_is_opened_anew(tmp_path, now):
    path = tmp_path / "access.log"
    output = Output("access log", str(path), 1, now)
    output.write(b"one\n")
    path.rename(tmp_path / "access.log.1")
    output.write(b"two\n")
    output.reopen()
    output.write(b"three\n")
    assert (tmp_path / "access.log.1").read_bytes() == b"one\ntwo\n"
    assert path.read_bytes() == b"three\n"
    output.close()


def test_a_rotated_file_that_cannot_be_opened_stays_the_old_one(tmp_path, now):
    folder = tmp_path / "logs"
    folder.mkdir()
    output = Output("access log", str(folder / "access.log"), 1, now)
    folder.rename(tmp_path / "gone")
    output.reopen()
    assert output.trouble == "No such file or directory"
    assert output.write(LINE)
    assert (tmp_path / "gone" / "access.log").read_bytes() == LINE
    assert output.trouble == ""
    output.close()


def test_reopening_closes_the_old_descriptor(tmp_path, now):
    output = Output("access log", str(tmp_path / "log"), 1, now)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        output.reopen()
    assert len(os.listdir("/proc/self/fd")) <= before  # an earlier test may leave some to the collector
    output.close()


@pytest.mark.parametrize("target", ["-", "off"])
def test_only_files_are_opened_anew(pipe, now, target):
    output = Output("access log", target, pipe[1], now)
    fd = output.fd
    output.reopen()
    assert output.fd == fd
    output.close()


def test_a_file_that_cannot_be_opened_is_in_trouble_and_takes_everything(tmp_path, now):
    output = Output("access log", str(tmp_path / "missing" / "log"), 1, now)
    assert (output.kind, output.trouble) == (Kind.GONE, "No such file or directory")
    assert output.write(LINE)


def test_a_file_that_could_not_be_opened_is_opened_when_it_can_be(tmp_path, now):
    output = Output("access log", str(tmp_path / "missing" / "log"), 1, now)
    assert not output.retry()
    (tmp_path / "missing").mkdir()
    assert output.retry()
    assert (output.kind, output.trouble) == (Kind.FILE, "")
    assert not output.retry()
    output.close()


def test_a_fifo_is_followed_when_its_reader_comes_back(tmp_path, now):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    output = Output("access log", str(path), 1, now)
    assert output.trouble == "No such device or address"
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    assert output.retry()
    assert output.write(LINE)
    assert os.read(reader, 1000) == LINE
    os.close(reader)
    assert output.write(LINE)
    assert output.kind is Kind.GONE
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    assert output.retry()
    output.close()
    os.close(reader)


# A full disk


def test_a_full_disk_keeps_the_text_pending(now):
    output = Output("access log", "/dev/full", 1, now)
    assert not output.write(LINE)
    assert output.trouble == "No space left on device"
    assert output.pending_bytes == 100
    output.close()


def test_a_full_disk_is_not_tried_at_once_again(now, monkeypatch):
    output = Output("access log", "/dev/full", 1, now)
    output.write(LINE)
    assert not output.awaits_writable
    tried = []
    monkeypatch.setattr("penstock.agent.logs.output.os.write", lambda *_: tried.append(1) or 100)
    assert not output.flush()
    now.pass_s(0.3)
    assert output.awaits_writable
    assert output.flush()
    assert tried == [1]
    assert output.trouble == ""
    monkeypatch.undo()
    output.close()


def test_a_line_cut_by_a_full_disk_is_begun_again_in_the_next_file(tmp_path, now, monkeypatch):
    path = tmp_path / "log"
    output = Output("access log", str(path), 1, now)
    room = [150, 0]

    def write_until_full(fd, data):
        if not room[0]:
            raise OSError(28, "No space left on device")
        return os.pwrite(fd, data[: room.pop(0)], 0)

    monkeypatch.setattr("penstock.agent.logs.output.os.write", write_until_full)
    assert not output.write(LINE * 3)
    monkeypatch.undo()
    path.rename(tmp_path / "log.1")
    output.reopen()
    now.pass_s(1)
    assert output.flush()
    assert path.read_bytes() == LINE * 2
    output.close()


def test_giving_up_counts_the_lines_that_are_lost(now):
    output = Output("access log", "/dev/full", 1, now)
    output.write(LINE * 3)
    assert output.give_up() == 3
    assert (output.pending_bytes, output.flush()) == (0, True)
    output.close()


# Pipes


def test_a_pipe_takes_lines(pipe, now):
    output = output_on(pipe[1], now)
    assert output.kind is Kind.STREAM
    assert output.write(LINE * 100)
    assert read_available(pipe[0]) == LINE * 100
    output.close()


def test_a_pipe_that_nobody_reads_keeps_the_rest_pending_and_loses_nothing(pipe, now):
    output = output_on(pipe[1], now)
    text = LINE * 5000
    assert not output.write(text)
    assert output.trouble == ""
    assert output.awaits_writable
    received = b""
    while not output.flush():
        received += read_available(pipe[0])
    assert received + read_available(pipe[0]) == text
    output.close()


def test_a_pipe_that_nobody_reads_for_a_second_is_in_trouble_until_somebody_does(pipe, now):
    output = output_on(pipe[1], now)
    output.write(LINE * 5000)
    now.pass_s(1.1)
    assert not output.flush()
    assert output.trouble == "nobody reads it"
    while not output.flush():
        read_available(pipe[0])
    assert output.trouble == ""
    output.close()


def test_the_pipe_stays_blocking_for_those_who_share_it(pipe, now):
    output = output_on(pipe[1], now)
    assert os.get_blocking(pipe[1])
    assert not os.get_blocking(output.fd)
    output.close()


def test_each_piece_for_a_pipe_is_whole_lines_that_cannot_be_split(pipe, now, monkeypatch):
    sizes = []
    write = os.write
    monkeypatch.setattr(
        "penstock.agent.logs.output.os.write", lambda fd, data: sizes.append(len(data)) or write(fd, data)
    )
    output = output_on(pipe[1], now)
    output.write(LINE * 100)
    assert sizes == [4000, 4000, 2000]
    output.close()


def test_a_line_longer_than_a_piece_goes_in_several(pipe, now):
    output = output_on(pipe[1], now)
    text = b"y" * 10_000 + b"\n"
    assert output.write(text)
    assert read_available(pipe[0]) == text
    output.close()


def test_a_closed_pipe_takes_everything_and_is_in_trouble(pipe, now):
    output = output_on(pipe[1], now)
    os.close(pipe[0])
    pipe[0] = -1
    assert output.write(LINE)
    assert (output.kind, output.trouble) == (Kind.GONE, "Broken pipe")
    assert output.write(LINE)
    assert not output.retry()
    output.close()


def test_a_pipe_that_may_not_be_opened_anew_is_asked_before_each_write(pipe, now, monkeypatch):
    def refuse(*_):
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr("penstock.agent.logs.output.os.open", refuse)
        output = output_on(pipe[1], now)
    assert output.kind is Kind.POLLED
    text = LINE * 5000
    assert not output.write(text)
    received = b""
    while not output.flush():
        received += read_available(pipe[0])
    assert received + read_available(pipe[0]) == text
    output.close()


# Sockets, terminals, devices


def test_a_socket_is_written_without_waiting(now):
    ours, theirs = socket.socketpair()
    output = output_on(ours.fileno(), now)
    assert output.kind is Kind.SOCKET
    text = LINE * 20_000
    assert not output.write(text)
    assert ours.getblocking()
    received = b""
    while not output.flush():
        received += read_available(theirs.fileno())
    assert received + read_available(theirs.fileno()) == text
    theirs.close()
    assert output.write(LINE)
    assert output.kind is Kind.GONE
    output.close()
    ours.close()


def test_a_terminal_that_is_stopped_does_not_hold_us_up(now):
    controller, terminal = pty.openpty()
    termios.tcflow(terminal, termios.TCOOFF)
    output = output_on(terminal, now)
    assert not output.write(LINE * 1000)
    termios.tcflow(terminal, termios.TCOON)
    assert output.kind is Kind.STREAM
    output.close()
    os.close(controller)
    os.close(terminal)


def test_a_file_inherited_open_shares_its_place_with_others(tmp_path, now):
    with (tmp_path / "out").open("w+b", buffering=0) as file:
        file.write(b"before\n")
        output = output_on(file.fileno(), now)
        assert (output.kind, output.is_file) == (Kind.INHERITED, False)
        output.write(b"ours\n")
        file.write(b"after\n")
        assert (tmp_path / "out").read_bytes() == b"before\nours\nafter\n"
        output.close()


def test_a_descriptor_closed_before_we_began_takes_everything(now):
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    os.close(write_fd)
    output = output_on(write_fd, now)
    assert output.trouble == "it was closed before we began"
    assert output.write(LINE)
    output.close()


@pytest.mark.parametrize("make", [lambda: os.open("/dev/null", os.O_RDONLY), lambda: os.eventfd(0)])
def test_something_else_under_the_number_of_a_closed_descriptor_is_not_written_to(now, make):
    fd = make()
    output = output_on(fd, now)
    assert (output.kind, output.trouble) == (Kind.GONE, "it was closed before we began")
    os.close(fd)


def test_no_more_descriptors_is_trouble(pipe, now, monkeypatch):
    def refuse(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("penstock.agent.logs.output.os.dup", refuse)
    assert output_on(pipe[1], now).trouble == "[Errno 24] Too many open files"


def test_off_takes_everything_and_is_no_trouble(now):
    output = Output("access log", "off", 1, now)
    assert output.write(LINE)
    assert (output.takes_nothing, output.trouble, output.retry()) == (True, "", False)
    output.close()


@pytest.mark.parametrize(
    ("target", "fd", "name"),
    [
        ("-", 1, "access log on standard output"),
        ("-", 2, "access log on standard error"),
        ("/dev/null", 1, "access log on /dev/null"),
    ],
)
def test_outputs_are_named_for_people(now, target, fd, name):
    output = Output("access log", target, fd, now)
    assert output.name == name
    output.close()


def test_descriptors_are_closed_on_exec(pipe, tmp_path, now):
    outputs = [output_on(pipe[1], now), Output("access log", str(tmp_path / "log"), 1, now)]
    flags = [fcntl.fcntl(output.fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC for output in outputs]
    assert flags == [fcntl.FD_CLOEXEC] * 2
    for output in outputs:
        output.close()


def test_a_descriptor_of_ours_has_its_number_for_a_name(pipe, now):
    output = output_on(pipe[1], now)
    assert output.name == f"access log on descriptor {pipe[1]}"
    output.close()
