"""hello and flask_site by themselves, without a server."""

import hashlib
import importlib.util
import io
import re
import sys
from pathlib import Path
from types import ModuleType
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from flask.testing import FlaskClient

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{Path(path).stem}", EXAMPLES / path)
    assert spec
    assert spec.loader
    # Flask finds templates beside the module that it finds by name.
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def client() -> FlaskClient:
    return load("flask_site/site_factory.py").create_app().test_client()


@pytest.mark.parametrize(
    ("path", "greeting"),
    [
        ("/", b"Hello, world!\n"),
        ("/J\xc3\xbcrgen", "Hello, Jürgen!\n".encode()),
        ("/\xff", b"Hello, \xef\xbf\xbd!\n"),
    ],
    ids=["nobody", "utf-8", "no-utf-8"],
)
def test_hello_greets_by_the_path_and_keeps_to_wsgi(path: str, greeting: bytes) -> None:
    environ: dict[str, object] = {"PATH_INFO": path, "QUERY_STRING": "", "SCRIPT_NAME": ""}
    setup_testing_defaults(environ)
    answered: list[str] = []
    answer = validator(load("hello/hello.py").application)(
        environ, lambda status, headers, exc_info=None: answered.append(status) or (lambda data: None)
    )
    try:
        assert b"".join(answer) == greeting
    finally:
        answer.close()
    assert answered == ["200 OK"]


def test_flask_start_page_counts_visits_and_tells_who_answered(client: FlaskClient) -> None:
    client.get("/")
    text = client.get("/").text
    assert re.search(r"worker \d+, \w+", text)
    assert "Visits in this session: <strong>2</strong>" in text


def test_flask_form_is_remembered_in_the_session(client: FlaskClient) -> None:
    text = client.post("/name", data={"name": "Ada <script>"}, follow_redirects=True).text
    assert "Saved in your session." in text
    assert 'value="Ada &lt;script&gt;"' in text


def test_flask_upload_is_measured(client: FlaskClient) -> None:
    answer = client.post("/upload", data={"file": (io.BytesIO(b"x" * 100_000), "x.bin")}).json
    assert answer == {"name": "x.bin", "size": 100_000, "sha256": hashlib.sha256(b"x" * 100_000).hexdigest()}


def test_flask_echoes_json_and_streams(client: FlaskClient) -> None:
    assert client.post("/echo", json={"a": [1]}).json == {"received": {"a": [1]}}
    assert client.get("/stream").text.splitlines()[-1] == "line 10000 of 10000"


def test_flask_slow_page_and_failing_page(client: FlaskClient) -> None:
    assert client.get("/slow?seconds=0").text == "slept 0 s\n"
    assert client.get("/error").status_code == 500
