import subprocess
import sys
from pathlib import Path

import pytest

from penstock.cli.error import CommandError
from penstock.cli.parser import parse_words
from penstock.cli.systemd import command
from penstock.cli.systemd.command import (
    describe_site,
    listen_streams,
    make_units,
    run_systemd,
    systemd_version,
    write_unit,
)
from penstock.config import ConfigError
from penstock.server.address import parse_address


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def units(*words: str, version: int = 252, **variables: str) -> dict[str, str]:
    arguments = parse_words(["systemd", "mysite.wsgi", "--user", "www-data", *words])
    return make_units(describe_site(arguments, variables), version)


def lines(*words: str, **variables: str) -> list[str]:
    return units(*words, **variables)["mysite.service"].splitlines()


def test_units_are_named_after_the_module(folder: Path) -> None:
    assert list(units()) == ["mysite.service", "mysite.socket"]
    assert list(units("--name", "shop")) == ["shop.service", "shop.socket"]


@pytest.mark.parametrize(
    ("target", "name"),
    [("mysite.wsgi:app", "mysite"), ("/srv/shop.py:make()", "shop"), ("sub/shop.py", "shop"), ("app", "app")],
)
def test_name_is_taken_from_any_target(folder: Path, target: str, name: str) -> None:
    site = describe_site(parse_words(["systemd", target, "--user", "www-data"]), {})
    assert site.name == name


def test_service_is_given_its_sockets_aloud(folder: Path) -> None:
    (folder / "penstock.toml").write_text('bind = ["0.0.0.0:80", "unix:/run/mysite/http.sock"]\n')
    both = units()
    assert (
        f"ExecStart={sys.executable} -m penstock serve mysite.wsgi --bind fd://3 --bind fd://4\n"
        in (both["mysite.service"])
    )
    assert (
        "ListenStream=0.0.0.0:80\nListenStream=/run/mysite/http.sock\nBacklog=2048\nSocketMode=0666\n"
        in (both["mysite.socket"])
    )


@pytest.mark.parametrize(
    ("words", "streams"),
    [
        pytest.param([":8000"], ["0.0.0.0:8000"], id="every-interface"),
        pytest.param(["8000", "[::]:80"], ["127.0.0.1:8000", "[::]:80"], id="port-and-ipv6"),
        pytest.param(["unix:/run/a"], ["/run/a"], id="unix"),
        pytest.param(["127.0.0.1:80", "localhost:8000"], [], id="host-name"),
        pytest.param(["fd://3"], [], id="inherited"),
    ],
)
def test_socket_unit_opens_what_systemd_can_open(words: list[str], streams: list[str]) -> None:
    assert listen_streams([parse_address(each) for each in words]) == streams


def test_service_without_a_socket_unit_opens_its_addresses_itself(folder: Path) -> None:
    alone = units(PENSTOCK_BIND="localhost:80,unix:run/http.sock")
    assert list(alone) == ["mysite.service"]
    text = alone["mysite.service"]
    assert "mysite.socket" not in text
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n" in text
    assert f"ReadWritePaths={folder}/run\n" in text
    assert '\nEnvironment="PENSTOCK_BIND=localhost:80,unix:run/http.sock"\n' not in text
    assert "\nEnvironment=PENSTOCK_BIND=localhost:80,unix:run/http.sock\n" in text


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (0, ["Type=notify", "ExecReload=/bin/kill -HUP $MAINPID"]),
        (252, ["Type=notify", "ExecReload=/bin/kill -HUP $MAINPID"]),
        (253, ["Type=notify-reload"]),
    ],
)
def test_reload_is_notified_where_systemd_can(folder: Path, version: int, expected: list[str]) -> None:
    text = units(version=version)["mysite.service"].splitlines()
    assert [line for line in text if line.startswith(("Type=", "ExecReload="))] == expected


def test_times_and_limits_follow_the_configuration(folder: Path) -> None:
    service = lines(PENSTOCK_GRACEFUL_TIMEOUT_S="60", PENSTOCK_DRAIN_S="5.5", PENSTOCK_MAX_CONNECTIONS="500")
    assert "TimeoutStopSec=81" in service
    assert "TimeoutStartSec=615" in service
    assert "TimeoutStartSec=55" in lines(PENSTOCK_BOOT_TIMEOUT_S="20")
    assert "TimeoutStartSec=infinity" in lines(PENSTOCK_BOOT_TIMEOUT_S="0")
    assert "LimitNOFILE=1524" in service
    assert "UMask=0027" in service
    assert "UMask=007" in lines(PENSTOCK_UMASK="007")


def test_files_that_the_server_writes_are_writable(folder: Path) -> None:
    service = lines(
        PENSTOCK_ACCESS_LOG="/var/log/mysite/access.log",
        PENSTOCK_PID_FILE="/run/mysite/pid",
        PENSTOCK_SPOOL_DIR="/var/spool/my site",
        PENSTOCK_OPS="unix:/run/mysite/ops.sock",
    )
    assert 'ReadWritePaths=/run/mysite /var/log/mysite "/var/spool/my site"' in service
    assert not [line for line in lines() if line.startswith("ReadWritePaths")]


def test_configuration_file_that_was_named_is_named_again(folder: Path) -> None:
    (folder / "x.toml").write_text('group = "staff"\n')
    service = lines("-c", "x.toml")
    assert f"--config {folder}/x.toml " in next(line for line in service if line.startswith("ExecStart="))
    assert "Group=staff" in service
    named = lines(PENSTOCK_CONFIG="x.toml")
    assert [line for line in named if line.startswith("Environment=")] == []
    assert f"--config {folder}/x.toml " in next(line for line in named if line.startswith("ExecStart="))


def test_user_of_the_configuration_is_enough(folder: Path) -> None:
    (folder / "penstock.toml").write_text('user = "mysite"\napplication = "shop.wsgi"\n')
    site = describe_site(parse_words(["systemd"]), {})
    assert (site.user, site.name) == ("mysite", "shop")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["app"], "no user; name who the application runs as", id="user"),
        pytest.param(["--user", "x"], "nothing to serve", id="target"),
        pytest.param(["app", "--user", "x", "--name", "a b"], "name 'a b'; expected letters", id="name"),
    ],
)
def test_what_is_missing_is_asked_for(folder: Path, words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        describe_site(parse_words(["systemd", *words]), {})


def test_units_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_systemd(parse_words(["systemd", "app", "--user", "x"])) == 0
    out = capsys.readouterr().out
    assert out.startswith("# app.service\n[Unit]\n")
    assert "\n# app.socket\n[Unit]\n" in out


def test_units_are_written_and_never_over_another_text(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["systemd", "app", "--user", "x", "--output", "."]
    for _ in range(2):
        assert run_systemd(parse_words(words)) == 0
    assert "systemctl enable --now app.socket app.service" in capsys.readouterr().out
    (folder / "app.service").write_text("mine\n")
    with pytest.raises(CommandError, match=r"'app\.service' is there and says something else"):
        run_systemd(parse_words(words))
    assert (folder / "app.service").read_text() == "mine\n"


def test_folder_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot write 'no/x\.service': no such file or directory"):
        write_unit(Path("no/x.service"), "")


def test_version_is_asked_of_systemd(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    fake = folder / "systemctl"
    fake.write_text("#!/bin/sh\necho 'systemd 257 (257.4)'\n")
    fake.chmod(0o755)
    monkeypatch.setattr(command.shutil, "which", lambda name: str(fake))
    assert systemd_version() == 257
    fake.write_text("#!/bin/sh\necho nonsense\n")
    assert systemd_version() == 0
    monkeypatch.setattr(command.shutil, "which", lambda name: None)
    assert systemd_version() == 0


@pytest.mark.parametrize(
    "toml",
    [
        pytest.param("", id="defaults"),
        pytest.param(
            'bind = ["0.0.0.0:80", "[::1]:81", "unix:/run/x/s"]\nops = "unix:/run/x/o"\n', id="much"
        ),
        pytest.param('bind = ["localhost:80"]\ngroup = "nogroup"\naccess_log = "/var/log/a b/x"\n', id="own"),
    ],
)
def test_systemd_itself_accepts_the_units(folder: Path, require_program, toml: str) -> None:
    analyze = require_program("systemd-analyze")
    (folder / "penstock.toml").write_text(toml)
    arguments = parse_words(["systemd", "mysite.wsgi", "--user", "www-data", "--name", "mysite"])
    made = make_units(describe_site(arguments, {"PENSTOCK_LOG_LEVEL": "info"}), systemd_version())
    for name, text in made.items():
        (folder / name).write_text(text)
    ran = subprocess.run(
        [analyze, "verify", "--man=no", *(str(folder / name) for name in made)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")
    # The proof that it would have complained.
    (folder / "mysite.service").write_text(made["mysite.service"].replace("KillMode=", "KilMode="))
    ran = subprocess.run(
        [analyze, "verify", "--man=no", str(folder / "mysite.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "KilMode" in ran.stderr
