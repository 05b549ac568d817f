"""Starting: what cannot work says so in one line, and what is configured is in force."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.flows.client import Client
from tests.flows.harness import FLOWS, ROOT, clean_environment, run_command, session_members, wait_until

pytestmark = pytest.mark.flow

ANYWHERE = ("-b", "127.0.0.1:0", "-w", "2")


# Far less than a graceful stop may take: who fails to start waits for nobody.
END_S = 20.0


def serve_in_vain(*words: str, folder: Path = FLOWS, environment=None) -> subprocess.CompletedProcess[str]:
    """Run a `penstock serve` that has to fail soon; nothing of it may be left."""
    begun_s = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "penstock", "serve", *words],
        cwd=folder,
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        stdout, stderr = process.communicate(timeout=30)
        assert time.monotonic() - begun_s < END_S
        assert not session_members(process.pid)
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)


@pytest.mark.parametrize(
    ("words", "expected", "status"),
    [
        pytest.param(["no_such_module"], "no_such_module", 1, id="module"),
        pytest.param(["aplications"], "applications", 1, id="misspelt-module"),
        pytest.param(["applications.inner"], "applications", 1, id="module-is-no-package"),
        pytest.param(["applications:aplication"], "application", 1, id="attribute"),
        pytest.param(["applications:PATTERN"], "callable", 1, id="not-callable"),
        pytest.param(["no/such/file.py"], "no/such/file.py", 1, id="file"),
        pytest.param(["applications", "--no-such-flag"], "--no-such-flag", 2, id="flag"),
        pytest.param(["applications", "--worker", "2"], "--workers", 2, id="misspelt-flag"),
        pytest.param(["applications", "-w", "many"], "many", 2, id="no-number"),
        pytest.param(["applications", "--threads", "0"], "--threads '0'", 2, id="out-of-range"),
        pytest.param(["applications", "-b", "127.0.0.1:99999"], "99999", 2, id="port-out-of-range"),
        pytest.param(["applications", "-b", "::1:8000"], "[::1]", 2, id="ipv6-without-brackets"),
        pytest.param(["applications", "-b", "192.0.2.1:0"], "192.0.2.1", 1, id="address-of-another-machine"),
        pytest.param(["applications", "-b", "no-such-host.invalid:80"], "no-such-host", 1, id="unknown-host"),
        pytest.param(
            ["applications", "-b", "unix:/no/such/folder/socket"], "/no/such/folder", 1, id="unix-folder"
        ),
        pytest.param(["applications", "-b", "fd://77"], "77", 1, id="closed-descriptor"),
        pytest.param(["applications", "--user", "nobody-at-all"], "nobody-at-all", 1, id="user"),
        pytest.param(["applications", "--umask", "9"], "umask", 1, id="umask"),
        pytest.param(["applications", "--chdir", "/no/such/folder"], "/no/such/folder", 2, id="chdir"),
        pytest.param(["applications", "--config", "no-such.toml"], "no-such.toml", 2, id="config"),
        pytest.param(["applications", "--access-log-format", "xml"], "json", 2, id="choice"),
        pytest.param(["applications", "--access-log", "/no/such/x.log"], "/no/such", 1, id="log-folder"),
        pytest.param([], "application", 2, id="nothing-to-serve"),
    ],
)
def test_mistake_is_one_clear_line(words, expected, status) -> None:
    where = [] if "-b" in words else ["-b", "127.0.0.1:0"]
    ran = serve_in_vain(*words, *where)
    assert expected in ran.stderr
    assert "Traceback" not in ran.stderr
    said = [line for line in ran.stderr.splitlines() if " INFO " not in line]
    assert 1 <= len(said) <= 3, ran.stderr
    assert ran.returncode == status


def test_failed_start_ends_within_a_second(bar_s) -> None:
    """The start of the interpreter included."""
    begun_s = time.monotonic()
    assert serve_in_vain("no_such_module", *ANYWHERE).returncode == 1
    assert time.monotonic() - begun_s < bar_s(1)


def test_port_in_use_is_one_clear_line(serve) -> None:
    server = serve()
    ran = serve_in_vain("applications", "-b", f"127.0.0.1:{server.port}")
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert f"127.0.0.1:{server.port}" in ran.stderr
    assert "in use" in ran.stderr
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        pytest.param("import no_such_package_at_all", "ModuleNotFoundError", id="missing-package"),
        pytest.param("def application(:", "SyntaxError", id="syntax"),
        pytest.param("1 / 0", "ZeroDivisionError", id="exception"),
        pytest.param("raise SystemExit(0)", "SystemExit", id="exit"),
    ],
)
def test_failure_inside_the_application_shows_its_own_traceback(tmp_path, source, cause) -> None:
    (tmp_path / "broken_site.py").write_text(f"# first line\n{source}\n")
    ran = serve_in_vain("broken_site", *ANYWHERE, folder=tmp_path)
    assert ran.returncode == 1
    assert 'broken_site.py", line 2' in ran.stderr
    assert cause in ran.stderr
    frames = [line for line in ran.stderr.splitlines() if line.lstrip("| ").startswith("File ")]
    assert not [frame for frame in frames if "penstock" in frame or "importlib" in frame]


def test_application_that_dies_while_it_is_imported_is_named(tmp_path) -> None:
    (tmp_path / "dying_site.py").write_text("import os\nos._exit(9)\n")
    ran = serve_in_vain("dying_site", *ANYWHERE, folder=tmp_path)
    assert ran.returncode == 1
    assert "status=9 while it imported the application" in ran.stderr


@pytest.mark.parametrize("preload", ["auto", "off"])
def test_wrong_module_is_one_clear_line(tmp_path, preload) -> None:
    ran = serve_in_vain("nope", *ANYWHERE, folder=tmp_path, environment={"PENSTOCK_PRELOAD": preload})
    assert (ran.returncode, ran.stderr) == (1, f"penstock: cannot find module 'nope' from {tmp_path}\n")


def test_error_log_has_the_reason_of_a_failed_start(tmp_path) -> None:
    log = tmp_path / "error.log"
    (tmp_path / "broken_site.py").write_text("1 / 0\n")
    serve_in_vain("broken_site", *ANYWHERE, "--error-log", str(log), folder=tmp_path)
    assert "template.boot_failed" in log.read_text()


# Configuration


def test_settings_come_from_files_variables_and_flags_in_their_order(serve, connect, tmp_path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.penstock]\nworkers = 4\nthreads = 9\numask = '027'\n")
    (tmp_path / "penstock.toml").write_text('application = "applications"\nworkers = 3\nthreads = 8\n')
    (tmp_path / "applications.py").symlink_to(FLOWS / "applications.py")
    environment = {"PENSTOCK_WORKERS": "2", "PENSTOCK_BIND": "127.0.0.1:0"}
    server = serve("--threads", "7", bare=True, chdir=tmp_path, environment=environment)
    assert len(server.workers()) == 2
    assert connect(server).get("/process").json()["umask"] == 0o027
    assert "serves applications with 2 workers of 7 threads" in server.stderr()
    assert server.stop() == 0


def test_port_of_the_platform_is_served_on_all_interfaces(serve, free_port) -> None:
    environment = {"PORT": str(free_port), "WEB_CONCURRENCY": "2"}
    server = serve("applications", bare=True, environment=environment)
    assert server.addresses == [f"http://0.0.0.0:{free_port}"]
    assert len(server.workers()) == 2
    client = Client(("127.0.0.1", free_port))
    assert client.get("/n/1").status == 200
    client.close()
    assert server.stop() == 0


def test_pid_file_holds_the_master_while_it_serves(serve, tmp_path) -> None:
    path = tmp_path / "server.pid"
    server = serve("--pid-file", str(path))
    assert path.read_text() == f"{server.pid}\n"
    second = serve_in_vain("applications", *ANYWHERE, "--pid-file", str(path))
    assert second.returncode == 1
    assert str(server.pid) in second.stderr
    assert path.read_text() == f"{server.pid}\n"
    shown = run_command("status", "--pid-file", str(path))
    assert str(server.pid) in shown.stdout
    assert server.stop() == 0
    assert not path.exists()


def test_stale_pid_file_is_replaced(serve, tmp_path) -> None:
    path = tmp_path / "server.pid"
    path.write_text(f"{2**22 - 1}\n")  # the highest pid there can be
    server = serve("--pid-file", str(path))
    assert path.read_text() == f"{server.pid}\n"
    assert server.stop() == 0


def test_chdir_is_where_modules_are_found_and_the_application_works(serve, connect, tmp_path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "applications.py").symlink_to(FLOWS / "applications.py")
    server = serve("--chdir", str(site), chdir=tmp_path)
    assert connect(server).get("/process").json()["folder"] == str(site)
    assert server.stop() == 0


@pytest.mark.parametrize(
    "target",
    [
        "site_of_flow",
        "site_of_flow:app",
        "site_of_flow:make_app()",
        "site_of_flow.py",
        "./folder/other.py:app",
    ],
)
def test_every_form_of_target_is_served(serve, connect, tmp_path, target) -> None:
    source = """\
        def app(environ, start_response):
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]

        def make_app():
            return app
        """
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "site_of_flow.py", tmp_path / "folder" / "other.py"):
        path.write_text(textwrap.dedent(source))
    server = serve(target, *ANYWHERE, bare=True, chdir=tmp_path)
    assert connect(server).get("/").body == b"ok"
    assert server.stop() == 0


def test_reload_serves_what_was_saved(serve, connect, tmp_path) -> None:
    pytest.importorskip("watchfiles")
    source = (
        "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'{}']\n"
    )
    site = tmp_path / "site"
    site.mkdir()
    path = site / "saved_site.py"
    path.write_text(source.format("before"))
    environment = {"PYTHONDONTWRITEBYTECODE": "1"}
    words = ("saved_site", "-b", "127.0.0.1:0", "-w", "1", "--reload")
    server = serve(*words, bare=True, chdir=site, environment=environment)

    def body() -> bytes:
        client = Client(server.address)
        try:
            return client.get("/", "Connection: close").body
        finally:
            client.close()

    assert body() == b"before"

    def save() -> None:
        aside = tmp_path / "aside"
        aside.write_text(source.format("after"))
        aside.rename(path)

    # Saved again and again: the watcher may not be watching yet.
    wait_until(lambda: save() or body() == b"after", "the saved code")
    assert server.stop() == 0
    wait_until(lambda: not server.members(), "the watcher to leave")


# Who the workers are


@pytest.fixture
def public_python() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Return a folder that everybody may read and write, and how to start a server there.

    A checkout or an interpreter in root's own folders is nothing that `nobody` could read.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    shutil.copytree(ROOT / "src" / "penstock", folder / "penstock")
    shutil.copy(FLOWS / "applications.py", folder)
    yield folder, {"chdir": folder, "python": find_public_python()}
    shutil.rmtree(folder)


def find_public_python() -> str:
    probe = "import sys, json; sys.exit(sys.version_info < (3, 11))"
    for path in (sys.executable, *filter(None, map(shutil.which, ("python3", "/usr/bin/python3")))):
        command = [path, "-c", probe]
        with contextlib.suppress(OSError):
            if subprocess.run(command, user="nobody", capture_output=True, check=False).returncode == 0:
                return path
    pytest.skip("no Python here that `nobody` may run")


def test_workers_and_agent_give_up_root_for_the_user_that_was_named(serve, connect, public_python) -> None:
    folder, settings = public_python
    log = folder / "access.log"
    words = (
        "-w",
        "2",
        "--user",
        "nobody",
        "--umask",
        "027",
        "--access-log",
        str(log),
        "--pid-file",
        str(folder / "pid"),
    )
    server = serve(*words, logs=False, **settings)
    server.is_noise_expected = True  # the noise is that of standard error, where the log goes here
    for _ in range(4):
        process = connect(server).get("/process", "Connection: close").json()
        assert process["uid"] == [65534] * 3
        assert process["gid"] == [65534] * 3
        assert set(process["groups"]) <= {65534}
        assert process["umask"] == 0o027
    assert os.stat(f"/proc/{server.pid}").st_uid == 0
    assert len(server.workers()) == 2  # root may look
    agent = wait_until(server.agent, "the agent")
    assert os.stat(f"/proc/{agent}").st_uid == 65534
    assert server.stop() == 0
    assert log.stat().st_uid == 65534
    assert len(server.accesses(log)) == 4


def test_workers_have_the_supplementary_groups_of_their_user_and_none_of_ours(
    serve, connect, public_python
) -> None:
    """Of all users of this machine one with groups of its own; root's are not passed on."""
    folder, settings = public_python
    user, gids = find_user_with_groups()
    os.chown(folder, user.pw_uid, user.pw_gid)
    server = serve("--user", user.pw_name, logs=False, **settings)
    process = connect(server).get("/process").json()
    assert process["uid"] == [user.pw_uid] * 3
    assert process["gid"] == [user.pw_gid] * 3
    assert set(process["groups"]) == gids
    assert server.stop() == 0


def find_user_with_groups() -> tuple[pwd.struct_passwd, set[int]]:
    for user in pwd.getpwall():
        gids = set(os.getgrouplist(user.pw_name, user.pw_gid))
        if user.pw_uid and len(gids) > 1:
            return user, gids
    user = pwd.getpwnam("nobody")
    return user, set(os.getgrouplist(user.pw_name, user.pw_gid))


def test_group_alone_can_be_changed(serve, connect, public_python) -> None:
    _, settings = public_python
    server = serve("--group", "daemon", logs=False, **settings)
    process = connect(server).get("/process").json()
    assert process["uid"] == [0] * 3
    assert process["gid"] == [1] * 3
    assert process["groups"] == []
    assert server.stop() == 0


def test_port_stays_free_for_a_successor_although_connections_were_open(serve, connect) -> None:
    server = serve()
    client = connect(server)
    client.get("/n/1")
    address = server.addresses[0].removeprefix("http://")
    assert server.stop() == 0
    successor = serve("-b", address)
    assert successor.addresses == server.addresses
    with socket.create_connection(successor.address):
        pass
    assert successor.stop() == 0
