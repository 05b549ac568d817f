"""nginx in front: what a proxy says is believed where it is trusted, and large things pass both ways."""

import hashlib
import os
import signal
import socket
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.flows.applications import pattern
from tests.flows.client import Client, NumberAsker, in_threads, request
from tests.flows.harness import wait_until

pytestmark = pytest.mark.flow

CONFIGURATION = """
    daemon off;
    master_process off;
    pid {folder}/nginx.pid;
    error_log {folder}/nginx-error.log warn;
    events {{ worker_connections 512; }}
    http {{
        access_log off;
        client_body_temp_path {folder}/body;
        proxy_temp_path {folder}/proxy;
        fastcgi_temp_path {folder}/fastcgi;
        uwsgi_temp_path {folder}/uwsgi;
        scgi_temp_path {folder}/scgi;
        client_max_body_size 200m;
        upstream site {{
            server {upstream};
            keepalive 8;
        }}
        server {{
            listen unix:{folder}/nginx.sock;
            location / {{
                proxy_pass http://site;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $host;
                proxy_set_header X-Forwarded-For 203.0.113.7;
                proxy_set_header X-Forwarded-Proto https;
            }}
            location /unbuffered/ {{
                proxy_pass http://site/;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_request_buffering off;
                proxy_buffering off;
            }}
        }}
    }}
"""


def is_listening(path: str) -> bool:
    """The socket takes connections: its file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


@pytest.fixture
def proxy(require_program, tmp_path) -> Iterator[Callable[..., str]]:
    """Start nginx in front of a server: `proxy(server)` returns the path of its Unix socket."""
    program = require_program("nginx")
    processes = []

    def start(server) -> str:
        folder = tmp_path / "nginx"
        folder.mkdir()
        upstream = server.addresses[0].removeprefix("http://")
        configuration = folder / "nginx.conf"
        configuration.write_text(textwrap.dedent(CONFIGURATION).format(folder=folder, upstream=upstream))
        command = [program, "-e", f"{folder}/nginx-error.log", "-p", str(folder), "-c", str(configuration)]
        processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_until(lambda: is_listening(f"{folder}/nginx.sock"), "nginx to listen")
        return f"{folder}/nginx.sock"

    yield start
    for process in processes:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def complaints(folder: Path) -> str:
    return (folder / "nginx" / "nginx-error.log").read_text()


@pytest.mark.parametrize("bind", ["127.0.0.1:0", "unix:{folder}/socket"])
def test_trusted_proxy_says_who_the_client_is(serve, proxy, tmp_path, bind) -> None:
    trusted = "unix" if bind.startswith("unix:") else "127.0.0.0/8"
    server = serve("-b", bind.format(folder=tmp_path), "--trusted-proxies", trusted)
    client = Client(proxy(server))
    environ = client.get("/environ?a=b").json()
    assert environ["REMOTE_ADDR"] == "203.0.113.7"
    assert environ["wsgi.url_scheme"] == "https"
    assert environ["HTTP_HOST"] == "flows.test"
    assert environ["QUERY_STRING"] == "a=b"
    client.close()
    assert server.stop() == 0
    assert {line.peer for line in server.accesses()} == {"203.0.113.7"}


def test_proxy_that_is_not_trusted_is_not_believed(serve, proxy) -> None:
    server = serve()
    client = Client(proxy(server))
    environ = client.get("/environ").json()
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["wsgi.url_scheme"] == "http"
    assert not [name for name in environ if name.startswith("HTTP_X_FORWARDED")]
    client.close()
    assert server.stop() == 0


def test_connections_of_the_proxy_are_kept(serve, proxy) -> None:
    server = serve()
    place = proxy(server)
    asker = NumberAsker(place)
    asker.ask_all(range(200), depth=1)
    assert [worker["connections"] for worker in server.status()["workers"]] == [1]
    assert server.stop() == 0
    assert len(server.accesses()) == 200


def test_many_visitors_of_the_proxy_are_all_served(serve, proxy, tmp_path) -> None:
    server = serve("-w", "2")
    place = proxy(server)

    def visit(first: int) -> None:
        NumberAsker(place).ask_all(range(first, first + 200), depth=1)

    in_threads([lambda first=first: visit(first) for first in range(0, 4000, 200)])
    assert server.stop() == 0
    assert len({line.line for line in server.accesses()}) == 4000
    assert complaints(tmp_path) == ""


@pytest.mark.parametrize("way", ["", "/unbuffered"])
def test_large_things_pass_the_proxy_both_ways(serve, proxy, tmp_path, way) -> None:
    server = serve()
    client = Client(proxy(server))
    sent = os.urandom(1 << 20) * 30
    client.send(request(f"{way}/upload", method="POST", body=sent))
    found = client.read_answer().json()
    assert (found["size"], found["sha256"]) == (len(sent), hashlib.sha256(sent).hexdigest())
    assert client.get(f"{way}/whole/30000000").body == pattern(30_000_000)
    assert client.get(f"{way}/stream/30000000").body == pattern(30_000_000)
    client.close()
    assert server.stop() == 0
    assert "upstream prematurely" not in complaints(tmp_path)


def test_chunked_upload_passes_an_unbuffering_proxy(serve, proxy) -> None:
    server = serve()
    client = Client(proxy(server))
    client.send(request("/unbuffered/upload", "Transfer-Encoding: chunked", method="POST"))
    for _ in range(20):
        client.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
    client.send(b"0\r\n\r\n")
    assert client.read_answer().json()["size"] == 20 * 0x10000
    client.close()
    assert server.stop() == 0


def test_failed_stream_is_not_taken_for_a_whole_answer_by_the_proxy(serve, proxy) -> None:
    server = serve()
    server.is_noise_expected = True
    client = Client(proxy(server))
    with pytest.raises(ConnectionError):
        client.get("/fail-late/x")
    client.close()
    assert server.stop() == 0
