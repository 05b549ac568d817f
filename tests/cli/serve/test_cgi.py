"""`penstock cgi`: which target stands for a folder of scripts."""

import os

import pytest

from penstock.cli.parser import parse_words
from penstock.cli.serve.cgi import scripts_shown, scripts_target
from penstock.cli.serve.command import read_config
from penstock.config import CGIConfig, ConfigError
from penstock.wsgi import load_application
from penstock.wsgi.cgi import CGIDirectory


@pytest.mark.parametrize("name", ["cgi-bin", "with 'quotes' and (brackets):x", "J\xfcrgen"])
def test_target_can_be_loaded_whatever_the_folder_is_called(tmp_path, name) -> None:
    (tmp_path / name).mkdir()
    config = CGIConfig(cgi_timeout_s=3.5, cgi_environment=("A=it's",), cgi_authorization=True)
    application = load_application(scripts_target(name, config, tmp_path))
    assert isinstance(application, CGIDirectory)
    assert application._config == config
    assert application._folder == tmp_path / name


def test_folder_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="cgi 'none': no such folder"):
        scripts_target("none", CGIConfig(), tmp_path)


def test_command_takes_the_flags_of_serve_and_the_options_of_scripts(tmp_path, monkeypatch) -> None:
    (tmp_path / "penstock.toml").write_text("cgi_timeout_s = 7\n")
    monkeypatch.setattr(os, "environ", {"PENSTOCK_CGI_FILES": "64"})
    (tmp_path / "bin").mkdir()
    config, target = read_config(parse_words(["cgi", "bin", "-w", "3"]), tmp_path)
    assert (config.server.workers, config.cgi.cgi_timeout_s, config.cgi.cgi_files) == (3, 7.0, 64)
    assert target.startswith("penstock.wsgi.cgi:make_application(")


def test_command_without_a_folder_is_refused() -> None:
    with pytest.raises(ConfigError, match="DIRECTORY"):
        parse_words(["cgi"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], "none yet", id="none"),
        pytest.param(["b.pl", "a.sh"], "/a.sh, /b.pl", id="two"),
        pytest.param(["a", "b", "c", "d", "e"], "/a, /b, /c, /d, ...", id="many"),
        pytest.param(["a.sh", "a.sh~", ".a.sh.swp"], "/a.sh", id="left-over"),
        pytest.param(["a\x1b[2J", "\udcff"], r"'/a\x1b[2J', /\xff", id="unprintable"),
    ],
)
def test_banner_names_paths_to_look_at(tmp_path, names, expected) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "notes.txt").write_text("not executable")
    for name in names:
        (tmp_path / "bin" / name).write_text("")
        (tmp_path / "bin" / name).chmod(0o755)
    assert scripts_shown("bin", tmp_path) == f"the scripts of bin ({expected})"


def test_folder_that_cannot_be_listed_is_named_all_the_same(tmp_path) -> None:
    assert scripts_shown("gone", tmp_path) == "the scripts of gone"
