from pathlib import Path

import pytest

from penstock.config import ConfigError
from penstock.config.source import (
    Setting,
    key_hint,
    nearest,
    read_environment,
    read_file,
    read_flags,
    read_platform,
)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_flag_is_read_with_its_spelling_as_place() -> None:
    assert read_flags({"workers": "3"}) == {"workers": Setting(3, "--workers")}


def test_repeatable_flag_gives_all_its_words() -> None:
    layer = read_flags({"bind": ["127.0.0.1:1", "unix:/tmp/s"]})
    assert layer["bind"].value == ("127.0.0.1:1", "unix:/tmp/s")


def test_flag_with_a_wrong_value_is_refused_with_flag_value_and_expectation() -> None:
    with pytest.raises(ConfigError) as refused:
        read_flags({"workers": "many"})
    assert str(refused.value) == "--workers 'many'; expected a whole number from 0 to 512"


def test_flag_with_a_misspelt_choice_is_answered_with_the_near_one() -> None:
    with pytest.raises(ConfigError, match="expected auto or pool; did you mean 'pool'"):
        read_flags({"lanes": "pol"})


def test_option_without_a_flag_is_named_by_its_key() -> None:
    assert read_flags({"drain_s": "1"}) == {"drain_s": Setting(1.0, "drain_s")}


def test_variable_is_read_with_its_name_as_place() -> None:
    layer = read_environment({"PENSTOCK_REQUEST_TIMEOUT_S": "1 min", "HOME": "/"})
    assert layer == {"request_timeout_s": Setting(60.0, "PENSTOCK_REQUEST_TIMEOUT_S")}


def test_empty_variable_counts_as_not_set() -> None:
    assert read_environment({"PENSTOCK_WORKERS": ""}) == {}


def test_variable_that_names_a_file_or_settings_is_no_option() -> None:
    assert read_environment({"PENSTOCK_CONFIG": "some.toml", "PENSTOCK_SETTINGS_MODULE": "a.b"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        "PENSTOCK_SERVICE_HOST",
        "PENSTOCK_SERVICE_PORT",
        "PENSTOCK_SERVICE_PORT_HTTP",
        "PENSTOCK_PORT",
        "PENSTOCK_PORT_8000_TCP",
        "PENSTOCK_PORT_8000_TCP_ADDR",
        "PENSTOCK_WEB_SERVICE_HOST",
        "PENSTOCK_WEB_PORT_80_TCP_PROTO",
    ],
)
def test_variables_that_kubernetes_sets_for_a_service_of_that_name_are_left_alone(name: str) -> None:
    assert read_environment({name: "tcp://10.0.0.1:8000"}) == {}


def test_unknown_variable_is_refused_with_the_near_one() -> None:
    with pytest.raises(ConfigError) as refused:
        read_environment({"PENSTOCK_WORKER": "3"})
    assert str(refused.value) == "unknown variable PENSTOCK_WORKER; did you mean 'PENSTOCK_WORKERS'?"


def test_variable_with_a_wrong_value_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^PENSTOCK_RELOAD='maybe'; expected true or false$"):
        read_environment({"PENSTOCK_RELOAD": "maybe"})


def test_port_listens_on_every_address() -> None:
    layer = read_platform({"PORT": "5000"}, ["bind", "workers"])
    assert layer == {"bind": Setting(("0.0.0.0:5000",), "PORT")}


def test_web_concurrency_is_the_number_of_workers() -> None:
    assert read_platform({"WEB_CONCURRENCY": "3"}, ["workers"]) == {"workers": Setting(3, "WEB_CONCURRENCY")}


def test_platform_variables_that_are_not_wanted_are_not_even_read() -> None:
    assert read_platform({"PORT": "tcp://10.0.0.1", "WEB_CONCURRENCY": "x"}, []) == {}


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80 ", "٣٣"])
def test_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ConfigError, match="expected a port, 1 to 65535"):
        read_platform({"PORT": port}, ["bind"])


def test_file_is_read_with_lines_as_places(tmp_path: Path) -> None:
    path = written(
        tmp_path, "penstock.toml", '# ours\nworkers = 3\n\nbind = ["127.0.0.1:1"]\n"threads" = 2\n'
    )
    layer = read_file(path)
    assert layer["workers"] == Setting(3, f"{path} line 2")
    assert layer["bind"] == Setting(("127.0.0.1:1",), f"{path} line 4")
    assert layer["threads"] == Setting(2, f"{path} line 5")


def test_pyproject_gives_only_our_table_with_its_own_lines(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n[tool.other]\nworkers = 1\n[tool.penstock]\nworkers = 5\n'
    path = written(tmp_path, "pyproject.toml", text)
    assert read_file(path) == {"workers": Setting(5, f"{path} line 6")}


def test_pyproject_without_our_table_sets_nothing(tmp_path: Path) -> None:
    assert read_file(written(tmp_path, "pyproject.toml", '[project]\nname = "x"\n')) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "workers = 'x'\n", "line 1: workers = 'x'; expected a whole number from 0 to 512", id="type"
        ),
        pytest.param(
            "\nworker = 3\n", "line 2: unknown option 'worker'; did you mean 'workers'?", id="unknown"
        ),
        pytest.param(
            "timeout = 3\n",
            "line 1: unknown option 'timeout'; gunicorn's timeout is 'request_timeout_s' here",
            id="gunicorn",
        ),
        pytest.param(
            "[server]\nworkers = 3\n",
            "line 1: unknown option 'server'; options stand at the top, without tables",
            id="table",
        ),
        pytest.param("threads = 2\nworkers = = 3\n", "line 2 is not TOML: invalid value", id="syntax"),
        pytest.param('threads = 2\nuser = "x', "line 2 is not TOML: unterminated string", id="cut"),
        pytest.param("zzzzzz = 3\n", "line 1: unknown option 'zzzzzz'", id="nothing-near"),
    ],
)
def test_file_with_a_mistake_is_refused_in_one_line_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    path = written(tmp_path, "penstock.toml", text)
    with pytest.raises(ConfigError) as refused:
        read_file(path)
    assert str(refused.value) == f"{path} {message}"


def test_key_whose_line_is_not_found_is_placed_by_file(tmp_path: Path) -> None:
    path = written(tmp_path, "penstock.toml", '"w\\u006frker" = 3\n')
    with pytest.raises(ConfigError, match=r"penstock\.toml: unknown option 'worker'"):
        read_file(path)


@pytest.mark.parametrize(
    "value", [pytest.param("[" * 5000, id="nested"), pytest.param("9" * 5000, id="digits")]
)
def test_file_that_is_beyond_what_python_reads_is_refused(tmp_path: Path, value: str) -> None:
    path = written(tmp_path, "penstock.toml", f"threads = {value}\n")
    with pytest.raises(ConfigError, match=r"penstock\.toml cannot be read as TOML: "):
        read_file(path)


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"cannot read the configuration file '.*nope': no such file or dir"
    ):
        read_file(tmp_path / "nope")


def test_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "penstock.toml"
    path.write_bytes(b'user = "\xe9"\n')
    with pytest.raises(ConfigError, match="is not UTF-8"):
        read_file(path)


def test_nearest_name_may_be_the_one_that_begins_so() -> None:
    assert nearest("max", ["min_x", "max_body_bytes"]) == "did you mean 'max_body_bytes'?"


def test_hint_of_a_key_that_is_near_nothing_is_empty() -> None:
    assert key_hint("zzzzzz") == ""
