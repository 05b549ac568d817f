import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from penstock.agent.store.schema import open_for_writing
from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.running.configuration import Running
from penstock.cli.store.file import age_of, find_store, only_one, print_store
from penstock.config import AgentConfig, Config, ConfigError, StoreConfig


def words(*given: str):
    return parse_words(["errors", *given])


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty current folder, on a machine where no server runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("penstock.cli.running.configuration.find_masters", list)
    return tmp_path


def test_a_store_that_is_named_is_taken() -> None:
    assert find_store(words("--store", "a/b.db")) == Path("a/b.db")


def test_without_a_server_the_configuration_here_says_where_it_is(folder) -> None:
    (folder / "penstock.toml").write_text('store = "var/store.db"\nchdir = "site"\n')
    assert find_store(words()) == Path("site/var/store.db")


def test_a_configuration_without_a_store_is_said(folder) -> None:
    with pytest.raises(CommandError, match="no server runs, and the configuration here keeps no store"):
        find_store(words())


def test_a_store_that_cannot_be_read_is_said(folder) -> None:
    with pytest.raises(CommandError, match="there is no such file"):
        print_store(words("--store", "none.db"), lambda _: "")


@pytest.fixture
def store(folder) -> str:
    open_for_writing(folder / "x.db").close()
    return "x.db"


def test_what_is_read_is_printed(store, capsys) -> None:
    assert print_store(words("--store", store), lambda reader: str(reader.faults())) == 0
    assert capsys.readouterr().out == "[]"


def test_a_reader_that_has_had_enough_is_no_failure(store, monkeypatch) -> None:
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    with os.fdopen(write_fd, "w") as gone:
        monkeypatch.setattr("sys.stdout", gone)
        assert print_store(words("--store", store), lambda _: "text") == 0


def test_the_store_of_the_running_server_is_found(tmp_path, monkeypatch) -> None:
    running = Running(Config(store=StoreConfig(store="var/store.db")), tmp_path, "server 7")
    monkeypatch.setattr("penstock.cli.running.configuration.find_masters", lambda: [SimpleNamespace(pid=7)])
    monkeypatch.setattr("penstock.cli.running.configuration.read_running", {7: running}.get)
    assert find_store(words()) == tmp_path / "var" / "store.db"


def test_the_store_of_the_agent_that_serves_the_running_server_is_found(tmp_path, monkeypatch) -> None:
    running = Running(Config(agent=AgentConfig(agent="unix:/run/a.sock")), tmp_path, "server 7")
    monkeypatch.setattr("penstock.cli.running.configuration.find_masters", lambda: [SimpleNamespace(pid=7)])
    monkeypatch.setattr("penstock.cli.running.configuration.read_running", {7: running}.get)
    monkeypatch.setattr("penstock.cli.store.file.find_store_of_agent", {"/run/a.sock": Path("/a.db")}.get)
    assert find_store(words()) == Path("/a.db")


@pytest.mark.parametrize(("since", "age_s"), [("", None), ("10m", 600), ("2h", 7200), ("3d", 259200)])
def test_ages_are_read(since, age_s) -> None:
    assert age_of(since, lambda: 1_800_000_000.0) == age_s


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected"):
        age_of("yesterday evening")


@pytest.mark.parametrize(
    ("ids", "message"), [([], "found none"), (["a1", "a2"], "found a1, a2; expected the beginning of one id")]
)
def test_no_row_or_two_are_refused(ids, message) -> None:
    with pytest.raises(CommandError, match=message):
        only_one([SimpleNamespace(id=each) for each in ids], "trace", "a")


def test_one_row_is_returned() -> None:
    row = SimpleNamespace(id="a1")
    assert only_one([row], "trace", "a") is row
