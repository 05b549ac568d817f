import contextlib
import gzip
import io
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from penstock.agent.logs.reading import Entry, Grammar
from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.running import configuration, logs
from penstock.cli.running.configuration import Running
from penstock.cli.running.logs import find_logs, merge, open_shelves, read_request, run_logs, show
from penstock.config import AgentConfig, Config, ConfigError

ACCESS = (
    '192.0.2.1 - - [20/Nov/2026:09:50:{second:02d} +0000] "GET {path} HTTP/1.1" {status} 12 "-" "curl/8" '
    "pid=7 id={id} total_ms={ms} head_ms=0.1 body_ms=0.0 queue_ms=0.1 application_ms=1.0 send_ms=0.1\n"
)
ERROR = (
    "2026-11-20T09:50:{second:02d}.500+00:00 {level} [pid 7 worker 1 penstock-0 id={id}] shop: {message}\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [(1, "/", 200, "a", "1.0"), (2, "/shop/1", 404, "b", "2.0"), (3, "/shop/2", 503, "c", "300.5")]
    (tmp_path / "access.log").write_text(
        "".join(ACCESS.format(second=s, path=p, status=c, id=i, ms=m) for s, p, c, i, m in rows)
    )
    (tmp_path / "error.log").write_text(
        ERROR.format(second=2, level="INFO", id="b", message="nothing there")
        + ERROR.format(second=3, level="ERROR", id="c", message="failed")
        + "  | Traceback\n"
    )
    return tmp_path


def ask(*words: str) -> list[str]:
    """The ids of what is printed, a capital for entries of the error log."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert run_logs(parse_words(["logs", "access.log", "error.log", *words])) == 0
    found = []
    for line in printed.getvalue().splitlines():
        if " id=" in line:
            mark = line.split(" id=")[1][0]
            found.append(mark.upper() if "] shop: " in line else mark)
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], ["a", "b", "B", "c", "C"], id="all-in-order-of-time"),
        pytest.param(["--status", "4xx"], ["b"], id="status"),
        pytest.param(["--status", "400-599"], ["b", "c"], id="statuses"),
        pytest.param(["--slower", "200ms"], ["c"], id="slower"),
        pytest.param(["--request", "c"], ["c", "C"], id="request"),
        pytest.param(["--path", "/shop/"], ["b", "c"], id="path"),
        pytest.param(["--path", "/*/2"], ["c"], id="pattern"),
        pytest.param(["--since", "2026-11-20T09:50:02.2Z"], ["B", "c", "C"], id="since"),
        pytest.param(["--until", "2026-11-20T09:50:02Z"], ["a", "b"], id="until"),
        pytest.param(["--level", "error"], ["C"], id="level"),
        pytest.param(["--worker", "7"], ["a", "b", "B", "c", "C"], id="worker"),
        pytest.param(["--worker", "8"], [], id="other-worker"),
        pytest.param(["-n", "2"], ["c", "C"], id="last"),
        pytest.param(["-n", "0"], [], id="none"),
        pytest.param(["-n", "99"], ["a", "b", "B", "c", "C"], id="more-than-there-are"),
        pytest.param(["--path", "/shop", "--status", "404", "-n", "1"], ["b"], id="all-together"),
    ],
)
def test_questions_are_answered(folder: Path, words: list[str], expected: list[str]) -> None:
    assert ask(*words) == expected


def test_lines_are_printed_as_they_stand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_logs(parse_words(["logs", "error.log"]))
    assert capsys.readouterr().out == (folder / "error.log").read_text()


def test_entries_of_all_forms_can_be_had_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_logs(parse_words(["logs", "access.log", "error.log", "--json", "--request", "c"]))
    access, error = map(json.loads, capsys.readouterr().out.splitlines())
    assert access["timestamp"] == "2026-11-20T09:50:03+00:00"
    assert (access["url.path"], access["http.response.status_code"]) == ("/shop/2", 503)
    assert (error["body"], error["severity_text"]) == ("failed\nTraceback", "ERROR")


def test_lines_of_a_template_are_read_when_it_is_given(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "own.log").write_text("200 /a\n404 /b\n")
    run_logs(parse_words(["logs", "own.log", "--format", "{status} {path}", "--status", "404"]))
    assert capsys.readouterr().out == "404 /b\n"


def test_a_template_that_cannot_be_used_is_refused(folder: Path) -> None:
    with pytest.raises(CommandError, match="unknown field"):
        run_logs(parse_words(["logs", "access.log", "--format", "{x}"]))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--status", "6xx"], "--status '6xx'; expected"),
        (["-n", "x"], "-n 'x'; expected a number of entries"),
        (["-n", "-1"], "expected one argument|-n '-1'; expected"),
    ],
    ids=["query", "count", "negative"],
)
def test_words_that_cannot_be_understood_are_refused(folder: Path, words: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        run_logs(parse_words(["logs", "access.log", *words]))


def test_a_file_that_is_not_there_is_said(folder: Path) -> None:
    with pytest.raises(CommandError, match=r"there is no file 'nope\.log'"):
        run_logs(parse_words(["logs", "nope.log"]))


def test_a_file_that_may_not_be_read_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(logs, "Shelf", refuse)
    with pytest.raises(CommandError, match=r"cannot read 'access\.log': permission denied"):
        run_logs(parse_words(["logs", "access.log"]))


@pytest.mark.parametrize("words", [[], ["-n", "100"]], ids=["all", "last"])
def test_a_damaged_file_is_said_and_hides_no_younger_one(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    (folder / "access.log.1.gz").write_bytes(gzip.compress(b"x" * 9000)[:-9])
    assert run_logs(parse_words(["logs", *words, "access.log"])) == 1
    printed = capsys.readouterr()
    assert printed.out.endswith((folder / "access.log").read_text())
    assert "penstock: cannot read 'access.log.1.gz'" in printed.err.replace(f"{folder}/", "")


def test_a_fifo_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe.log")
    monkeypatch.setattr(logs, "_existing", Path)  # as where the configuration names it
    with pytest.raises(CommandError, match=r"cannot read 'pipe\.log': not a regular file"):
        run_logs(parse_words(["logs", "pipe.log"]))


def test_a_reader_that_has_had_enough_is_no_error(folder: Path) -> None:
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    saved = os.dup(1)
    os.dup2(write_fd, 1)
    try:
        with open(1, "w", closefd=False) as stdout, contextlib.redirect_stdout(stdout):
            assert run_logs(parse_words(["logs", "access.log"])) == 0
    finally:
        os.dup2(saved, 1)
        for fd in (saved, write_fd):
            os.close(fd)


# Which logs


def arguments(*words: str):
    return parse_words(["logs", *words])


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "find_masters", list)
    for name in [name for name in os.environ if name.startswith("PENSTOCK_")]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_server")
def test_without_a_server_the_configuration_here_says_which(folder: Path) -> None:
    (folder / "penstock.toml").write_text(
        'access_log = "access.log"\nerror_log = "error.log"\napplication_log = "error.log"\n'
    )
    assert [path.name for path, _ in find_logs(arguments())] == ["access.log", "error.log"]


@pytest.mark.usefixtures("no_server")
def test_a_template_of_the_configuration_is_used(folder: Path) -> None:
    (folder / "penstock.toml").write_text('access_log = "a.log"\naccess_log_format = "<{status}>"\n')
    ((_, grammar),) = find_logs(arguments())
    assert grammar.read("<404>\n").fields["http.response.status_code"] == 404


@pytest.mark.usefixtures("no_server")
def test_logs_that_are_no_files_cannot_be_read(folder: Path) -> None:
    complaint = (
        "no server runs, and the configuration here writes its logs to standard output and standard error"
    )
    with pytest.raises(CommandError, match=f"{complaint}; name the files, or set access_log"):
        find_logs(arguments())


@pytest.mark.usefixtures("no_server")
def test_logs_that_are_off_cannot_be_read(folder: Path) -> None:
    (folder / "penstock.toml").write_text('access_log = "off"\nerror_log = "off"\n')
    with pytest.raises(CommandError, match="writes its logs to nowhere"):
        find_logs(arguments())


class FoundMaster:
    pid = 7


def test_a_running_server_says_which(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(agent=AgentConfig(access_log="/var/log/a.log", error_log="e.log"))
    monkeypatch.setattr(configuration, "find_masters", lambda: [FoundMaster()])
    monkeypatch.setattr(configuration, "read_running", lambda pid: Running(config, Path("/srv"), "server 7"))
    assert [str(path) for path, _ in find_logs(arguments())] == ["/var/log/a.log", "/srv/e.log"]


def test_several_servers_are_a_choice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "find_masters", lambda: [FoundMaster(), FoundMaster()])
    with pytest.raises(CommandError, match="--pid"):
        find_logs(arguments())


# Parts


def entry(name: str, time_s: float) -> Entry:
    return Entry(name, time_s, {})


def test_what_has_no_time_stays_where_it_is() -> None:
    nan = float("nan")
    first = [entry("a", 1), entry("b", nan), entry("c", 5)]
    second = [entry("d", nan), entry("e", 2), entry("f", 9)]
    assert "".join(each.text for each in merge([first, second])) == "dabecf"


def test_a_line_without_end_ends_when_it_is_shown() -> None:
    assert show(entry("half", 0), is_json=False) == "half\n"


def test_following_begins_with_the_last_ten(folder: Path) -> None:
    assert read_request(arguments("-f")).count == 10
    assert read_request(arguments("-f", "-n", "3")).count == 3
    assert read_request(arguments()).count is None


def test_shelves_are_closed_when_one_cannot_be_opened(folder: Path) -> None:
    with pytest.raises(CommandError, match="not a regular file"):
        open_shelves([(folder / "access.log", Grammar()), (folder, Grammar())])


def test_following_shows_what_comes_until_it_is_interrupted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pass_time(_: float) -> None:
        turns.append(1)
        if len(turns) == 1:
            with (folder / "access.log").open("a") as file:
                file.write(ACCESS.format(second=9, path="/", status=200, id="z", ms="1.0"))
        elif len(turns) == 4:
            signal.raise_signal(signal.SIGINT)

    turns: list[int] = []
    monkeypatch.setattr(logs.time, "sleep", pass_time)
    assert run_logs(arguments("access.log", "-f", "-n", "1")) == 130
    assert [line.split(" id=")[1][0] for line in capsys.readouterr().out.splitlines()] == ["c", "z"]
    assert sys.stdout.writable()
