"""What a script is told: every meta-variable of RFC 3875 section 4.1, and nothing of the server's own."""

from pathlib import Path

import pytest

from penstock.wsgi.cgi.script import Script
from penstock.wsgi.cgi.variables import body_bytes, command_line, meta_variables

FOLDER = Path("/srv/cgi-bin")
ENVIRON = {
    "REQUEST_METHOD": "POST",
    "SCRIPT_NAME": "/cgi-bin",
    "PATH_INFO": "/a.sh/x",
    "QUERY_STRING": "",
    "CONTENT_TYPE": "text/plain",
    "CONTENT_LENGTH": "3",
    "REMOTE_ADDR": "192.0.2.7",
    "SERVER_NAME": "site.example",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_SOFTWARE": "penstock",
    "HTTP_HOST": "site.example",
    "wsgi.url_scheme": "http",
}


def variables(path_info=b"/x", *, has_authorization=False, **changes) -> dict[str, str]:
    script = Script(FOLDER / "a.sh", b"/a.sh", path_info)
    found = meta_variables(ENVIRON | changes, script, FOLDER, has_authorization=has_authorization)
    return {name.decode(): value.decode("latin-1") for name, value in found.items()}


def test_script_is_told_what_the_specification_lists() -> None:
    assert variables() == {
        "CONTENT_LENGTH": "3",  # 4.1.2
        "CONTENT_TYPE": "text/plain",  # 4.1.3
        "GATEWAY_INTERFACE": "CGI/1.1",  # 4.1.4
        "PATH_INFO": "/x",  # 4.1.5
        "PATH_TRANSLATED": "/srv/cgi-bin/x",  # 4.1.6
        "QUERY_STRING": "",  # 4.1.7: defined even if empty
        "REMOTE_ADDR": "192.0.2.7",  # 4.1.8
        "REMOTE_HOST": "192.0.2.7",  # 4.1.9: the address may stand for it
        "REQUEST_METHOD": "POST",  # 4.1.12
        "SCRIPT_NAME": "/cgi-bin/a.sh",  # 4.1.13
        "SERVER_NAME": "site.example",  # 4.1.14
        "SERVER_PORT": "80",  # 4.1.15
        "SERVER_PROTOCOL": "HTTP/1.1",  # 4.1.16
        "SERVER_SOFTWARE": "penstock",  # 4.1.17
        "HTTP_HOST": "site.example",  # 4.1.18
        "SCRIPT_FILENAME": "/srv/cgi-bin/a.sh",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        pytest.param({"CONTENT_LENGTH": ""}, "CONTENT_LENGTH", None, id="4.1.2-no-body"),
        pytest.param({"CONTENT_LENGTH": "0"}, "CONTENT_LENGTH", None, id="4.1.2-empty-body"),
        pytest.param({"CONTENT_TYPE": ""}, "CONTENT_TYPE", None, id="4.1.3-no-type"),
        pytest.param({"AUTH_TYPE": "Basic"}, "AUTH_TYPE", "Basic", id="4.1.1-authenticated"),
        pytest.param({}, "AUTH_TYPE", None, id="4.1.1-not-authenticated"),
        pytest.param({"REMOTE_USER": "jo"}, "REMOTE_USER", "jo", id="4.1.11"),
        pytest.param({"REMOTE_HOST": "c.example"}, "REMOTE_HOST", "c.example", id="4.1.9-name"),
        pytest.param({"QUERY_STRING": "a=%20b"}, "QUERY_STRING", "a=%20b", id="4.1.7-still-encoded"),
        pytest.param({"wsgi.url_scheme": "https"}, "HTTPS", "on", id="https"),
        pytest.param({"HTTP_PROXY": "http://evil"}, "HTTP_PROXY", None, id="httpoxy"),
        pytest.param(
            {"HTTP_AUTHORIZATION": "Basic eA=="}, "HTTP_AUTHORIZATION", None, id="9.2-authorization"
        ),
        pytest.param({"HTTP_PROXY_AUTHORIZATION": "x"}, "HTTP_PROXY_AUTHORIZATION", None, id="9.2-proxy"),
        pytest.param({"HTTP_X_A": "b\xe9"}, "HTTP_X_A", "b\xe9", id="7.2-bytes-as-they-came"),
        pytest.param({"HTTP_X_A": "a\0b"}, "HTTP_X_A", None, id="nul-has-no-place"),
        pytest.param({"HTTP_X=Y": "a"}, "HTTP_X=Y", None, id="name-with-equals"),
        pytest.param({"LD_PRELOAD": "/tmp/x.so"}, "LD_PRELOAD", None, id="no-field"),
        pytest.param({"wsgi.version": (1, 0)}, "wsgi.version", None, id="no-variable"),
    ],
)
def test_variable_is_set_or_not(changes, name, expected) -> None:
    assert variables(**changes).get(name) == expected


def test_path_without_a_rest_has_no_translation() -> None:
    """4.1.6."""
    found = variables(b"")
    assert "PATH_INFO" not in found
    assert "PATH_TRANSLATED" not in found


def test_authorization_is_passed_on_request() -> None:
    found = variables(has_authorization=True, HTTP_AUTHORIZATION="Basic eA==")
    assert found["HTTP_AUTHORIZATION"] == "Basic eA=="


def test_environment_of_the_server_stays_its_own(monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    assert "secret" not in variables().values()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("", [], id="none"),
        pytest.param("cat+dog", [b"cat", b"dog"], id="words"),
        pytest.param("a%20b+c%3Dd", [b"a b", b"c=d"], id="encoded"),
        pytest.param("a=b", [], id="form"),
        pytest.param("a+b=c", [], id="form-behind-a-word"),
        pytest.param("$(id)+;ls", [b"$(id)", b";ls"], id="a-shell-would-run-these"),
        pytest.param("a++b", [b"a", b"", b"b"], id="empty-word"),
        pytest.param("-s", [], id="option"),
        pytest.param("a+%2Ds", [], id="option-encoded"),
        pytest.param("a%00b", [], id="nul"),
    ],
)
def test_search_becomes_a_command_line(query, expected) -> None:
    """4.4."""
    assert command_line({"REQUEST_METHOD": "GET", "QUERY_STRING": query}) == expected


@pytest.mark.parametrize(("method", "expected"), [("HEAD", [b"a"]), ("POST", []), ("PUT", [])])
def test_only_get_and_head_have_a_command_line(method, expected) -> None:
    """4.4."""
    assert command_line({"REQUEST_METHOD": method, "QUERY_STRING": "a"}) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("", 0), ("0", 0), ("12", 12), ("-1", 0), ("1_0", 0), ("x", 0)]
)
def test_length_of_a_body_is_a_number(text, expected) -> None:
    assert body_bytes({"CONTENT_LENGTH": text}) == expected
