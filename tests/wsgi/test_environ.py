import io
from collections.abc import Callable
from typing import Any
from wsgiref.validate import check_environ

import pytest

from penstock.config import WSGIConfig
from penstock.protocol import RequestHead
from penstock.wsgi import EMPTY_BODY, FileWrapper, TrustedProxies, build_environ

Template = Callable[..., dict[str, Any]]


def environ_of(
    template: dict[str, Any], body: bytes | None = None, trusted: TrustedProxies | None = None, **head: Any
) -> dict[str, Any]:
    file = None if body is None else io.BytesIO(body)
    head["fields"] = template | head.get("fields", {})
    return build_environ(RequestHead(**head), trusted, file, len(body or b""))


def test_environ_is_what_the_specification_asks_for(template: Template) -> None:
    environ = environ_of(template(), fields={"HTTP_HOST": "example.org"})
    check_environ(environ)
    assert type(environ) is dict


def test_environ_tells_of_request_and_connection(template: Template) -> None:
    environ = environ_of(
        template(),
        method="POST",
        target="/caf%C3%A9?q=%20",
        path="/caf\xc3\xa9",
        query="q=%20",
        version="HTTP/1.0",
        fields={"HTTP_HOST": "example.org", "CONTENT_TYPE": "text/plain"},
    )
    errors = environ.pop("wsgi.errors")
    assert callable(errors.write)
    software = environ.pop("SERVER_SOFTWARE")
    assert software.startswith("penstock/")
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/caf\xc3\xa9",
        "QUERY_STRING": "q=%20",
        "RAW_URI": "/caf%C3%A9?q=%20",
        "REQUEST_URI": "/caf%C3%A9?q=%20",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "REMOTE_PORT": "50000",
        "HTTP_HOST": "example.org",
        "CONTENT_TYPE": "text/plain",
        "penstock.request_id": "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": EMPTY_BODY,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }


def test_environ_of_one_request_is_not_that_of_the_next(template: Template) -> None:
    shared = template()
    before = dict(shared)
    environ_of(shared, fields={"HTTP_HOST": "example.org"}).clear()
    assert shared == before


@pytest.mark.parametrize(
    ("multithread", "multiprocess"),
    [pytest.param(True, False, id="threads"), pytest.param(False, True, id="processes")],
)
def test_environ_says_truly_what_runs_beside(
    template: Template, multithread: bool, multiprocess: bool
) -> None:
    environ = environ_of(template(multithread=multithread, multiprocess=multiprocess))
    assert environ["wsgi.multithread"] is multithread
    assert environ["wsgi.multiprocess"] is multiprocess


def test_unix_socket_has_a_server_name_and_no_client_address(template: Template) -> None:
    environ = environ_of(template(server=("/run/site.sock", ""), peer=("unix", ""), scheme="https"))
    check_environ(environ)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("localhost", "443")
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("", "")


def test_ipv4_client_of_a_dual_stack_socket_has_its_own_address(template: Template) -> None:
    assert environ_of(template(peer=("::ffff:192.0.2.7", "1")))["REMOTE_ADDR"] == "192.0.2.7"


def test_body_is_the_input(template: Template) -> None:
    environ = environ_of(template(), b"a=1\nb=2", method="POST", fields={"CONTENT_LENGTH": "7"})
    assert environ["wsgi.input"].readlines() == [b"a=1\n", b"b=2"]
    assert environ["CONTENT_LENGTH"] == "7"


@pytest.mark.parametrize(
    ("body", "length"), [pytest.param(b"12345", "5", id="some"), pytest.param(None, "0", id="none")]
)
def test_chunked_body_arrives_with_its_length(template: Template, body: bytes | None, length: str) -> None:
    environ = environ_of(template(), body, method="POST", content_length=None, chunked=True)
    assert environ["CONTENT_LENGTH"] == length
    assert environ["wsgi.input"].read() == (body or b"")


def test_request_without_body_has_no_length(template: Template) -> None:
    assert "CONTENT_LENGTH" not in environ_of(template())


def test_asterisk_is_no_path(template: Template) -> None:
    environ = environ_of(template(), method="OPTIONS", target="*", path="*")
    check_environ(environ)
    assert (environ["PATH_INFO"], environ["RAW_URI"]) == ("", "*")


@pytest.mark.parametrize(
    ("mount", "path", "script_name", "path_info"),
    [
        pytest.param("/app", "/app/x", "/app", "/x", id="prefix-left-to-us"),
        pytest.param("app/", "/app/x", "/app", "/x", id="slashes-put-right"),
        pytest.param("/app", "/app", "/app", "", id="just-the-prefix"),
        pytest.param("/app", "/x", "/app", "/x", id="prefix-stripped-by-a-proxy"),
        pytest.param("/app", "/apple", "/app", "/apple", id="longer-name"),
        pytest.param("", "/app/x", "", "/app/x", id="not-mounted"),
    ],
)
def test_mounted_application_sees_its_own_paths(
    template: Template, mount: str, path: str, script_name: str, path_info: str
) -> None:
    environ = environ_of(template(config=WSGIConfig(script_name=mount)), path=path)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == (script_name, path_info)


def test_forwarding_is_believed_from_a_trusted_peer_only(template: Template) -> None:
    head: dict[str, Any] = {"fields": {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "has_forwarding": True}
    believed = environ_of(template(), trusted=TrustedProxies(()), **head)
    assert believed["REMOTE_ADDR"] == "203.0.113.9"
    removed = environ_of(template(), **head)
    assert removed["REMOTE_ADDR"] == "192.0.2.7"
    assert "HTTP_X_FORWARDED_FOR" not in removed
