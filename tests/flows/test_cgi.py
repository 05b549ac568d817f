"""`penstock cgi`: scripts behind a real server, and what becomes of them when clients and time go."""

import os
import re
import sys
from pathlib import Path

import pytest
from tests.flows.client import request
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow

HEAD = "#!/bin/sh\necho 'Content-Type: text/plain'\necho\n"


@pytest.fixture
def scripts(tmp_path) -> Path:
    folder = tmp_path / "cgi-bin"
    folder.mkdir()
    return folder


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def serve_scripts(serve, folder: Path, *words: str, **variables: str):
    words = (str(folder), "-b", "127.0.0.1:0", "-w", "1", *words)
    server = serve(*words, bare=True, command="cgi", environment=variables)
    server.is_noise_expected = True
    return server


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def has_ended(scripts: Path) -> bool:
    """Whether a script that wrote its number into `pid` is gone; one that never came so far is, too."""
    written = (scripts / "pid").read_text().strip() if (scripts / "pid").exists() else ""
    return not written or not is_alive(int(written))


def test_scripts_of_three_languages_are_served(serve, connect, scripts, require_program) -> None:
    write(
        scripts, "echo.sh", HEAD + 'echo "$REQUEST_METHOD $PATH_INFO $1 $CONTENT_LENGTH"; cat; echo oops >&2'
    )
    write(
        scripts,
        "a.pl",
        f'#!{require_program("perl")}\nprint "Status: 418 Tea\\nContent-Type: a/b\\n\\nperl";',
    )
    write(
        scripts,
        "nph-a.py",
        f"#!{sys.executable}\nprint('HTTP/1.0 203 Mine\\r\\nX-A: b\\r\\n\\r\\npython', end='')",
    )
    write(scripts, "go.sh", "#!/bin/sh\nprintf 'Location: /a.pl\\n\\n'")
    (scripts / "notes.txt").write_text("secret")
    server = serve_scripts(serve, scripts)
    client = connect(server)
    assert client.get("/echo.sh/a%20b?word").body == b"GET /a b word \n"
    chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    client.send(b"POST /echo.sh HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert client.read_answer().body == b"POST   5\nabcde"
    tea = client.get("/a.pl")
    assert (tea.status, tea.body, tea.fields["content-type"]) == (418, b"perl", "a/b")
    mine = client.get("/nph-a.py")
    assert (mine.status, mine.body, mine.fields["x-a"]) == (203, b"python", "b")
    assert client.get("/go.sh").status == 418
    assert [client.get(path).status for path in ("/notes.txt", "/none", "/", "/..%2f..%2fetc%2fpasswd")] == [
        403,
        404,
        404,
        404,
    ]
    assert server.stop() == 0
    assert "cgi.said script='/echo.sh' oops" in server.errors()
    assert f"serves the scripts of {scripts}" in server.stderr()


def test_large_body_goes_through_a_script_and_back(serve, connect, scripts) -> None:
    write(scripts, "cat.sh", HEAD + "cat")
    client = connect(serve_scripts(serve, scripts))
    body = os.urandom(3_000_000)
    client.send(request("/cat.sh", method="POST", body=body))
    assert client.read_answer().body == body


def test_script_whose_client_has_gone_is_ended(serve, connect, scripts) -> None:
    write(scripts, "tick.sh", HEAD + "echo $$; while :; do sleep 0.05; echo tick; done")
    server = serve_scripts(serve, scripts)
    client = connect(server)
    client.send(request("/tick.sh"))
    seen = b""
    while not (found := re.search(rb"\n(\d+)\n\r\n", seen)):
        seen += client.read_count(1)
    client.reset()
    wait_until(lambda: not is_alive(int(found[1])), "the script has ended")
    assert server.stop() == 0


def test_silent_script_is_ended_while_others_are_served(serve, connect, scripts) -> None:
    write(scripts, "silent.sh", f"#!/bin/sh\necho $$ > {scripts}/pid\nsleep 60")
    write(scripts, "quick.sh", HEAD + "echo quick")
    server = serve_scripts(serve, scripts, PENSTOCK_CGI_TIMEOUT_S="1", PENSTOCK_CGI_KILL_GRACE_S="0.1")
    client, other = connect(server), connect(server)

    def is_served() -> (
        bool
    ):  # asked until it is: a busy machine may need more than this second for a quick one
        return other.get("/quick.sh").body == b"quick\n"

    client.send(request("/silent.sh"))
    wait_until(is_served, "an answer beside the silent script")
    assert client.read_answer().status == 504
    assert has_ended(scripts)
    wait_until(is_served, "an answer after the silent script")
    assert server.stop() == 0
    assert (
        "cgi.refused status=504 path='/silent.sh': script not done after 1 s; it is ended" in server.errors()
    )


def test_request_that_finds_no_place_is_refused(serve, connect, scripts) -> None:
    write(scripts, "slow.sh", HEAD + f"echo in; while [ ! -e {scripts}/go ]; do sleep 0.05; done")
    server = serve_scripts(serve, scripts, PENSTOCK_CGI_PROCESSES="1", PENSTOCK_CGI_QUEUE_S="0.1")
    client, other = connect(server), connect(server)
    client.send(request("/slow.sh"))
    client.read_count(1)
    answer = other.get("/slow.sh")
    assert (answer.status, answer.fields["retry-after"]) == (503, "5")
    (scripts / "go").touch()
    assert server.stop() == 0


def test_script_ends_when_the_deadline_of_its_request_comes_first(serve, connect, scripts) -> None:
    write(scripts, "silent.sh", f"#!/bin/sh\necho $$ > {scripts}/pid\nsleep 60")
    server = serve_scripts(serve, scripts, PENSTOCK_REQUEST_TIMEOUT_S="1", PENSTOCK_CGI_KILL_GRACE_S="0.1")
    client = connect(server)
    assert client.get("/silent.sh").status == 504
    wait_until(lambda: has_ended(scripts), "the script has ended")
    assert server.stop() == 0
