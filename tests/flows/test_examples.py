"""The example sites, served as their first lines say, and asked."""

import hashlib
import re
import subprocess
import sys

import pytest
from tests.flows.client import request
from tests.flows.harness import ROOT

pytestmark = pytest.mark.flow

EXAMPLES = ROOT / "examples"


def form(boundary: str, name: str, data: bytes) -> bytes:
    """Return a multipart body with one file."""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + data + f"\r\n--{boundary}--\r\n".encode()


def test_hello_greets(serve, connect) -> None:
    server = serve("hello", "--chdir", str(EXAMPLES / "hello"), "-b", "127.0.0.1:0", "-w", "2", bare=True)
    client = connect(server)
    assert client.get("/").body == b"Hello, world!\n"
    assert client.get("/J%C3%BCrgen").body == "Hello, Jürgen!\n".encode()
    assert client.get("/%FF").body == "Hello, �!\n".encode()
    assert server.stop() == 0


def test_flask_site_works(serve, connect) -> None:
    words = (
        "site_factory:create_app()",
        "--chdir",
        str(EXAMPLES / "flask_site"),
        "-b",
        "127.0.0.1:0",
        "-w",
        "2",
    )
    server = serve(*words, bare=True)
    server.is_noise_expected = True
    client = connect(server)
    start = client.get("/")
    assert b"Visits in this session: <strong>1</strong>" in start.body
    cookie = start.fields["set-cookie"].partition(";")[0]
    assert b"<strong>2</strong>" in client.get("/", f"Cookie: {cookie}").body

    name = b"name=J%C3%BCrgen"
    kind = "Content-Type: application/x-www-form-urlencoded"
    client.send(request("/name", kind, f"Cookie: {cookie}", method="POST", body=name))
    answer = client.read_answer()
    assert (answer.status, answer.fields["location"]) == (302, "/")
    cookie = answer.fields["set-cookie"].partition(";")[0]
    page = client.get("/", f"Cookie: {cookie}").body.decode()
    assert 'value="Jürgen"' in page
    assert "Saved in your session." in page

    data = b"\0\xff\r\n" * 400_000
    kind = "Content-Type: multipart/form-data; boundary=x1x2"
    client.send(request("/upload", kind, method="POST", body=form("x1x2", "some file.bin", data)))
    found = client.read_answer().json()
    assert found == {"name": "some file.bin", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    client.send(request("/echo", "Content-Type: application/json", method="POST", body=b'{"a": [1, 2]}'))
    assert client.read_answer().json() == {"received": {"a": [1, 2]}}
    assert client.get("/stream").body.count(b"\n") == 10_000
    assert client.get("/slow?seconds=0.1").body == b"slept 0.1 s\n"
    assert client.get("/error").status == 500
    assert server.stop() == 0
    log = server.errors()
    assert "RuntimeError: this page fails on purpose" in log
    assert "slept 0.1 s on request" in log


@pytest.fixture
def django_data(tmp_path):
    """Prepare the Django site's database in a folder of its own; return the variables that name it."""
    environment = {"DEMO_DATA": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    manage = EXAMPLES / "django_site" / "manage.py"
    subprocess.run([sys.executable, str(manage), "prepare"], env=environment, check=True, capture_output=True)
    return {"DEMO_DATA": str(tmp_path / "data")}


def test_django_site_works(serve, connect, django_data) -> None:
    words = ("demo.wsgi", "--chdir", str(EXAMPLES / "django_site"), "-b", "127.0.0.1:0", "-w", "2")
    server = serve(*words, bare=True, environment=django_data)
    server.is_noise_expected = True
    client = connect(server)
    host = f"Host: localhost:{server.port}"

    def get(path: str, *lines: str):
        # The raw client names a host of its own, which Django would refuse: so the head is written here.
        client.send(("\r\n".join([f"GET {path} HTTP/1.1", host, *lines]) + "\r\n\r\n").encode())
        return client.read_answer()

    assert b"Django on Penstock" in get("/").body
    assert get("/admin/").status == 302
    page = get("/files/")
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)[1]
    cookie = page.fields["set-cookie"].partition(";")[0]
    boundary = "x1x2"
    data = bytes(range(256)) * 20_000
    fields = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n'.encode()
        + token
        + b"\r\n"
    )
    body = fields + form(boundary, "numbers.bin", data)
    head = ["POST /files/ HTTP/1.1", host, f"Cookie: {cookie}", f"Content-Length: {len(body)}"]
    head.append(f"Content-Type: multipart/form-data; boundary={boundary}")
    client.send(("\r\n".join(head) + "\r\n\r\n").encode() + body)
    assert client.read_answer().status == 302
    listed = get("/files/").body.decode()
    assert hashlib.sha256(data).hexdigest() in listed
    assert get(re.search(r'href="(/files/[0-9]+/)"', listed)[1]).body == data
    report = get("/report.csv?rows=20000").body.decode().splitlines()
    assert (len(report), report[-1]) == (20_001, f"20000,reading 20000,{20000 * 20000 % 9973}")
    style = get("/static/admin/css/base.css")
    assert (style.status, int(style.fields["content-length"])) == (200, len(style.body))
    assert get("/slow/?seconds=0.1").body.startswith(b"slept 0.1 s")
    failed = get("/error/")
    assert failed.status == 500
    assert b"Traceback" not in failed.body
    assert server.stop() == 0
    (line,) = [line for line in server.accesses() if line.line.startswith("GET /error/")]
    (entry,) = [entry for entry in server.errors().splitlines() if "Internal Server Error: /error/" in entry]
    assert f"id={line.request_id}" in entry
