from pathlib import Path

import pytest

from penstock.cli.config.effective import run_config, toml_value
from penstock.cli.parser import parse_words
from penstock.config import OPTIONS, ConfigError


def rows(output: str) -> dict[str, tuple[str, str]]:
    """Key -> (value, place)."""
    parts = [[part.strip() for part in line.split("  ") if part.strip()] for line in output.splitlines()]
    return {key: (value, place) for key, value, place in parts}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_option_is_shown_with_value_and_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "penstock.toml").write_text('user = "www-data"\n')
    monkeypatch.setenv("PENSTOCK_RELOAD", "1")
    assert run_config(parse_words(["config"])) == 0
    shown = rows(capsys.readouterr().out)
    assert list(shown) == list(OPTIONS)
    assert shown["user"] == ('"www-data"', "penstock.toml line 1")
    assert shown["reload"] == ("true", "PENSTOCK_RELOAD")
    assert shown["threads"] == ("4", "default")


def test_secrets_are_said_to_be_set_and_not_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "penstock.toml").write_text('trace_key = "k3y"\n')
    monkeypatch.setenv("PENSTOCK_OTLP_HEADERS", "Authorization: t0ken")
    assert run_config(parse_words(["config"])) == 0
    output = capsys.readouterr().out
    shown = rows(output)
    assert shown["trace_key"] == ("(set, not shown)", "penstock.toml line 1")
    assert shown["otlp_headers"] == ("(set, not shown)", "PENSTOCK_OTLP_HEADERS")
    assert "k3y" not in output
    assert "t0ken" not in output


def test_long_value_moves_its_own_place_and_no_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "penstock.toml").write_text(f'store = "/{"x" * 200}"\nthreads = 2\n')
    assert run_config(parse_words(["config"])) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["store"].endswith('x"  penstock.toml line 1')
    assert lines["threads"].index("penstock.toml") == lines["backlog"].index("default")
    assert len(lines["threads"]) < 100


def test_mistake_is_the_one_that_serve_would_stop_with(folder: Path) -> None:
    (folder / "penstock.toml").write_text("threads = 0\n")
    with pytest.raises(ConfigError, match="threads = 0; expected a whole number from 1 to 1024"):
        run_config(parse_words(["config"]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(30.0, "30.0", id="number"),
        pytest.param("a", '"a"', id="text"),
        pytest.param('a"\\', r'"a\"\\"', id="quote-and-backslash"),
        pytest.param(("a", "b"), '["a", "b"]', id="list"),
    ],
)
def test_value_is_written_as_toml(value: object, text: str) -> None:
    assert toml_value(value) == text
