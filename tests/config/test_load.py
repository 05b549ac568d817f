from pathlib import Path

import pytest

from penstock.config import Config, ConfigError, load_config

SOURCES = {
    "flag": lambda folder: {"flags": {"workers": "1"}},
    "variable": lambda folder: {"environment": {"PENSTOCK_WORKERS": "2"}},
    "file": lambda folder: (folder / "penstock.toml").write_text("workers = 3\n") and {},
    "pyproject": lambda folder: (
        (folder / "pyproject.toml").write_text("[tool.penstock]\nworkers = 4\n") and {}
    ),
    "platform": lambda folder: {"environment": {"WEB_CONCURRENCY": "5"}},
}


def load(folder: Path, *sources: str) -> tuple[Config, dict[str, str]]:
    flags: dict[str, str] = {}
    environment: dict[str, str] = {}
    for source in sources:
        given = SOURCES[source](folder)
        flags |= given.get("flags", {})
        environment |= given.get("environment", {})
    loaded = load_config(flags, environment, folder=folder)
    return loaded.config, dict(loaded.places)


def test_nothing_set_gives_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == (Config(), {})


@pytest.mark.parametrize("strongest", range(len(SOURCES)), ids=list(SOURCES))
def test_stronger_source_wins_over_all_weaker_ones(tmp_path: Path, strongest: int) -> None:
    config, places = load(tmp_path, *list(SOURCES)[strongest:])
    assert config.server.workers == strongest + 1
    assert len(places) == 1


def test_sources_add_up_option_by_option(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.penstock]\nthreads = 9\naccess_log = 'a.log'\n")
    (tmp_path / "penstock.toml").write_text("threads = 8\nmax_fields = 50\n")
    config = load_config({"bind": ["[::1]:1"]}, {"PENSTOCK_RING_BYTES": "1 MiB"}, folder=tmp_path).config
    assert config.server.threads == 8
    assert config.agent.access_log == "a.log"
    assert config.protocol.max_fields == 50
    assert config.telemetry.ring_bytes == 1 << 20
    assert config.server.bind == ("[::1]:1",)


def test_named_file_replaces_the_one_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").write_text("workers = 3\nthreads = 3\n")
    (tmp_path / "other.toml").write_text("workers = 7\n")
    config = load_config({}, {}, file="other.toml", folder=tmp_path).config
    assert (config.server.workers, config.server.threads) == (7, 4)


def test_file_may_be_named_by_variable(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("workers = 7\n")
    config = load_config({}, {"PENSTOCK_CONFIG": "other.toml"}, folder=tmp_path).config
    assert config.server.workers == 7


def test_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the configuration file"):
        load_config({}, {}, file="nope.toml", folder=tmp_path)


def test_wrong_value_is_an_error_even_where_a_stronger_source_hides_it(tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").write_text("workers = 'many'\n")
    with pytest.raises(ConfigError, match="workers = 'many'"):
        load_config({"workers": "2"}, {}, folder=tmp_path)


def test_port_of_the_platform_yields_to_a_bind_of_ours(tmp_path: Path) -> None:
    loaded = load_config({}, {"PORT": "tcp://odd", "PENSTOCK_BIND": "127.0.0.1:9"}, folder=tmp_path)
    assert loaded.config.server.bind == ("127.0.0.1:9",)


def test_folder_is_the_current_one_unless_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("penstock.toml").write_text("workers = 6\n")
    loaded = load_config({}, {})
    assert loaded.config.server.workers == 6
    assert loaded.places == {"workers": "penstock.toml line 1"}
