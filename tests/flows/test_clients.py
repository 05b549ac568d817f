"""Clients that people have: curl, http.client, h11; over TCP, IPv6, Unix sockets, an inherited descriptor."""

import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
from pathlib import Path

import h11
import pytest
from tests.flows.applications import pattern
from tests.flows.client import Client, request
from tests.flows.harness import run_command, socket_address, wait_until

pytestmark = pytest.mark.flow


class Curl:
    """curl with a server's address; each call is one process."""

    def __init__(self, program: str, base: str, *words: str) -> None:
        self._program = program
        self._base = base
        self._words = words

    def __call__(self, path: str, *words: str) -> bytes:
        command = [self._program, "--silent", "--show-error", "--max-time", "60", *self._words, *words]
        ran = subprocess.run([*command, self._base + path], capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


@pytest.fixture
def curl(require_program, serve) -> Curl:
    program = require_program("curl")
    return Curl(program, serve("-w", "2").url)


@pytest.mark.parametrize("version", ["--http1.0", "--http1.1"])
def test_curl_gets_and_posts_in_both_versions(curl, version) -> None:
    assert curl("/whole/100000", version) == pattern(100_000)
    assert curl("/stream/100000", version) == pattern(100_000)
    assert curl("/echo", version, "--data-binary", "a=1&b=2") == b"a=1&b=2"
    environ = json.loads(curl("/environ/a%20b?c=d%20e", version, "-H", "X-One: 1", "-H", "X-One: 2"))
    assert environ["PATH_INFO"] == "/environ/a b"
    assert environ["QUERY_STRING"] == "c=d%20e"
    assert environ["HTTP_X_ONE"] == "1, 2"
    assert environ["SERVER_PROTOCOL"] == f"HTTP/{version[-3:]}"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((), id="with-length"),
        pytest.param(("-H", "Transfer-Encoding: chunked"), id="chunked"),
        pytest.param(("-H", "Expect: 100-continue"), id="expecting-100"),
        pytest.param(("-H", "Expect:"), id="not-expecting-100"),
        pytest.param(
            ("-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue"), id="chunked-and-expecting"
        ),
        pytest.param(("--limit-rate", "20M"), id="slower"),
    ],
)
def test_curl_uploads_a_file(curl, tmp_path, words) -> None:
    sent = os.urandom(5_000_000)
    path = tmp_path / "upload"
    path.write_bytes(sent)
    # curl waits a second for a 100 before it goes on: a longer patience makes a missing one fail.
    found = json.loads(curl("/upload", "-T", str(path), "--expect100-timeout", "50", *words))
    expected = {"size": 5_000_000, "sha256": hashlib.sha256(sent).hexdigest(), "content_length": "5000000"}
    assert found == expected


def test_curl_is_told_to_continue_once(curl, tmp_path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"x" * 100_000)
    shown = curl("/upload", "-T", str(path), "-H", "Expect: 100-continue", "--include").decode()
    assert re.findall(r"^HTTP/1\.1 ([0-9]+)", shown, re.MULTILINE) == ["100", "200"]


def test_curl_upload_that_is_too_large_is_refused_before_it_is_sent(require_program, serve, tmp_path) -> None:
    server = serve(environment={"PENSTOCK_MAX_BODY_BYTES": "1000"})
    path = tmp_path / "upload"
    path.write_bytes(b"x" * 2_000_000)
    curl = Curl(require_program("curl"), server.url)
    for words in [
        ("-H", "Expect: 100-continue"),
        ("-H", "Expect:"),
        ("-H", "Transfer-Encoding: chunked", "-H", "Expect:"),
    ]:
        assert curl("/upload", "-T", str(path), "-w", "%{http_code}", "-o", "/dev/null", *words) == b"413"
    lines = server.wait_accesses(3)
    assert [(line.status, line.outcome) for line in lines] == [(413, "refused")] * 3
    assert server.stop() == 0


def test_curl_gets_no_body_for_head(curl) -> None:
    for path in ("/whole/5000", "/stream/5000", "/no-such-path"):
        shown = curl(path, "--head").decode()
        assert shown.endswith("\r\n\r\n")
        assert shown.startswith("HTTP/1.1 200" if "no" not in path else "HTTP/1.1 404")
    assert "content-length: 5000" in curl("/whole/5000", "--head").decode().lower()


@pytest.mark.parametrize(
    "method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE", "M-SEARCH"]
)
def test_curl_uses_any_method(curl, method) -> None:
    assert json.loads(curl("/environ", "-X", method))["REQUEST_METHOD"] == method


def test_curl_keeps_its_connection_over_many_requests(curl) -> None:
    paths = [f"{curl._base}/n/{number}" for number in range(50)]
    shown = curl("/n/50", "-w", "%{num_connects} ", *paths).decode()
    assert sum(int(count) for count in re.findall(r"\n([0-9]+) ", shown)) == 1


def test_curl_resends_a_form_with_files_as_they_were(curl, tmp_path) -> None:
    path = tmp_path / "a file.bin"
    path.write_bytes(b"\0\xff" * 1000)
    body = curl("/echo", "-F", f"file=@{path}", "-F", "name=käse")
    assert b"\0\xff" * 1000 in body
    assert "käse".encode() in body


# http.client


def test_http_client_speaks_with_it_for_long(serve) -> None:
    server = serve()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for number in range(200):
        connection.request("GET", f"/n/{number}")
        assert connection.getresponse().read().startswith(b"%09d" % number)
    connection.request(
        "POST",
        "/echo",
        iter([b"one ", b"two ", b"three"]),
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )
    assert connection.getresponse().read() == b"one two three"
    connection.request("HEAD", "/whole/10")
    response = connection.getresponse()
    assert (response.read(), response.getheader("Content-Length")) == (b"", "10")
    connection.request("GET", "/stream/200000")
    assert connection.getresponse().read() == pattern(200_000)
    sock = connection.sock
    connection.request("GET", "/n/7")
    connection.getresponse().read()
    assert connection.sock is sock  # never reconnected
    connection.close()
    assert server.stop() == 0
    assert len(server.accesses()) == 204


# h11


def ask_h11(
    connection: h11.Connection, sock: socket.socket, request: h11.Request, body: list[bytes]
) -> tuple[h11.Response, bytes]:
    """Send one request and return response and body; h11 raises for anything that breaks the protocol."""
    sock.sendall(connection.send(request) or b"")
    for piece in body:
        sock.sendall(connection.send(h11.Data(piece)) or b"")
    sock.sendall(connection.send(h11.EndOfMessage()) or b"")
    response, received = None, []
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(sock.recv(65536))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            received.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            assert response is not None
            return response, b"".join(received)


def test_h11_finds_no_fault_with_any_answer(serve) -> None:
    server = serve()
    sock = socket.create_connection(server.address, timeout=30)
    connection = h11.Connection(h11.CLIENT)
    chunked = ("Transfer-Encoding", "chunked")
    exchanges = [
        ("GET", "/n/1", [], [], 18),
        ("HEAD", "/whole/500", [], [], 0),
        ("GET", "/whole/500000", [], [], 500_000),
        ("GET", "/stream/500000", [], [], 500_000),
        ("HEAD", "/stream/5000", [], [], 0),
        ("POST", "/echo", [chunked], [b"a" * 10, b"b" * 70_000], 70_010),
        ("POST", "/echo", [("Content-Length", "5")], [b"12345"], 5),
        ("GET", "/no-such-path", [], [], 13),
        ("DELETE", "/n/2", [("Content-Length", "0")], [], 18),
        ("GET", "/n/3", [("Connection", "close")], [], 18),
    ]
    for method, target, fields, body, size in exchanges:
        request = h11.Request(method=method, target=target, headers=[("Host", "flows.test"), *fields])
        response, received = ask_h11(connection, sock, request, body)
        assert len(received) == size
        assert response.http_version == b"1.1"
        if target != "/n/3":
            connection.start_next_cycle()
    assert connection.their_state is h11.MUST_CLOSE
    assert sock.recv(1) == b""
    sock.close()
    assert server.stop() == 0
    assert len(server.accesses()) == len(exchanges)


# Addresses


def test_unix_socket_is_served_and_removed(serve, connect, require_program, tmp_path) -> None:
    path = tmp_path / "socket"
    server = serve("-b", f"unix:{path}", "--umask", "007")
    assert path.stat().st_mode & 0o777 == 0o660
    environ = connect(server).get("/environ").json()
    assert environ["REMOTE_ADDR"] == ""
    curl = Curl(require_program("curl"), "http://localhost", "--unix-socket", str(path))
    assert curl("/whole/1000000") == pattern(1_000_000)
    assert server.stop() == 0
    assert not path.exists()
    assert {line.peer for line in server.accesses()} == {"unix"}


def test_stale_unix_socket_is_replaced_and_a_living_one_is_not(serve, connect, tmp_path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    server = serve("-b", f"unix:{path}")
    ran = run_command("serve", "applications", "-b", f"unix:{path}")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert connect(server).get("/n/1").status == 200
    assert server.stop() == 0


def test_ipv6_is_served(serve, connect) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    server = serve("-b", "[::1]:0")
    environ = connect(server).get("/environ").json()
    assert (environ["REMOTE_ADDR"], environ["SERVER_PORT"]) == ("::1", str(server.port))
    assert server.stop() == 0
    assert {line.peer for line in server.accesses()} == {"::1"}


def test_inherited_descriptor_is_served(serve, connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fd = listener.fileno()
        server = serve("-b", f"fd://{fd}", "-w", "2", inherit=[fd])
        server.addresses = [f"http://127.0.0.1:{listener.getsockname()[1]}"]
        assert connect(server).get("/n/1").status == 200
        assert server.stop() == 0
        with socket.create_connection(listener.getsockname()):  # it was lent: a successor may serve it
            pass


def test_several_addresses_are_served_at_once(serve, tmp_path) -> None:
    words = [
        word for place in ("127.0.0.1:0", "127.0.0.1:0", f"unix:{tmp_path}/socket") for word in ("-b", place)
    ]
    server = serve(*words, "-w", "2")
    assert len(server.addresses) == 3
    for shown in server.addresses:
        client = Client(socket_address(shown))
        assert client.get("/n/1").status == 200
        client.close()
    assert server.stop() == 0


# penstock status


def test_status_shows_what_runs_as_text_and_json(serve, connect, tmp_path) -> None:
    server = serve("-w", "2")
    for number in range(10):
        connect(server).get(f"/n/{number}")
    busy = connect(server)
    busy.send(request(f"/gate?begun={tmp_path}/begun&until={tmp_path}/until"))
    wait_until(Path(f"{tmp_path}/begun").exists, "the request to begin")

    status = server.status()
    assert status["master_pid"] == server.pid
    assert status["master"]["state"] == "ready"
    assert status["agent_pid"] in server.members()
    workers = status["workers"]
    assert [worker["state"] for worker in workers] == ["ready", "ready"]
    assert sum(worker["requests"] for worker in workers) == 10
    assert sum(worker["connections"] for worker in workers) == 11
    (running,) = [request for worker in workers for request in worker["current"]]
    assert running["line"].startswith("GET /gate?begun=")

    shown = run_command("status", "--pid", str(server.pid)).stdout
    assert f"master {server.pid}" in shown
    assert re.search(r"running for .* GET /gate", shown)
    assert len(re.findall(r"^ +[0-9]+ +[0-9]+ .* ready ", shown, re.MULTILINE)) == 2
    Path(f"{tmp_path}/until").touch()
    assert busy.read_answer().status == 200
    assert server.stop() == 0
    gone = run_command("status", "--pid", str(server.pid))
    assert gone.returncode == 1
    assert gone.stderr.count("\n") == 1
