"""A folder of scripts as an application: documents, redirects, refusals, hostile scripts."""

import sys
import threading

import pytest

from penstock.config import CGIConfig
from penstock.wsgi.cgi import CGIDirectory, ScriptFailedError, make_application

PAGE = "#!/bin/sh\necho 'Content-Type: text/plain'\necho\n"


@pytest.fixture
def serve(cgi_bin):
    """Return a function that serves the folder with options, and has patience with scripts that end."""
    return lambda **options: CGIDirectory(cgi_bin.folder, CGIConfig(**{"cgi_kill_grace_s": 30} | options))


def test_shell_perl_and_python_scripts_answer(cgi_bin, serve, ask, require_program) -> None:
    cgi_bin("a.sh", PAGE + "echo shell")
    perl = require_program("perl")
    cgi_bin("a.pl", f'#!{perl}\nprint "Content-Type: text/plain\\r\\n\\r\\nperl $ENV{{PATH_INFO}}\\n";')
    cgi_bin("a.py", f"#!{sys.executable}\nprint('Content-Type: text/plain\\n\\npython')")
    application = serve()
    assert ask(application, "/a.sh") == ("200 OK", {"Content-Type": "text/plain"}, b"shell\n")
    assert ask(application, "/a.pl/x")[2] == b"perl /x\n"
    assert ask(application, "/a.py")[2] == b"python\n"


def test_script_gets_body_words_and_its_own_folder(cgi_bin, serve, ask) -> None:
    cgi_bin(
        "in/a.sh", PAGE + 'cat; echo; echo "$1-$2"; pwd; echo "$QUERY_STRING $REQUEST_METHOD $SCRIPT_NAME"'
    )
    body = ask(serve(), "/in/a.sh", method="POST", body=b"said")[2].split(b"\n")
    assert body[:2] == [b"said", b"-"]
    assert body[2].endswith(b"/cgi-bin/in")
    assert body[3] == b" POST /in/a.sh"
    assert ask(serve(), "/in/a.sh", query="x+$(id)")[2].split(b"\n")[1] == b"x-$(id)"


def test_variables_of_the_configuration_reach_scripts(cgi_bin, serve, ask) -> None:
    cgi_bin("a.sh", PAGE + "echo $LANG $PATH")
    assert ask(serve(cgi_environment=("LANG=C.UTF-8", "PATH=/bin")))[2] == b"C.UTF-8 /bin\n"


@pytest.mark.parametrize("word", ["LANG", "=x", ""])
def test_variable_that_is_none_is_refused(cgi_bin, word) -> None:
    with pytest.raises(ValueError, match="expected NAME=VALUE"):
        CGIDirectory(cgi_bin.folder, CGIConfig(cgi_environment=(word,)))


def test_folder_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(NotADirectoryError, match="expected one with scripts"):
        make_application(str(tmp_path / "none"), cgi_timeout_s=1.0)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param("#!/bin/sh\nexit 0\n", "502 Bad Gateway", id="no-output"),
        pytest.param("#!/bin/sh\nexit 3\n", "502 Bad Gateway", id="no-output-and-a-status"),
        pytest.param("#!/bin/sh\nexec >&-; sleep 0.2\n", "502 Bad Gateway", id="closes-its-output"),
        pytest.param("#!/bin/sh\necho hello\n", "502 Bad Gateway", id="no-head"),
        pytest.param("#!/bin/sh\necho 'Content-Type: a/b'\n", "502 Bad Gateway", id="half-a-head"),
        pytest.param(
            "#!/bin/sh\nprintf 'Status: 200 OK\\n\\nbody'\n", "502 Bad Gateway", id="body-without-type"
        ),
        pytest.param("#!/bin/sh\nyes 'X-A: b'\n", "502 Bad Gateway", id="endless-head"),
        pytest.param("no first line", "500 Internal Server Error", id="no-interpreter-named"),
        pytest.param("#!/nowhere/perl\n", "500 Internal Server Error", id="interpreter-is-not-there"),
    ],
)
def test_hostile_script_is_answered_with_a_page_and_a_log_line(  # noqa: PLR0917 - fixtures and parameters
    cgi_bin, serve, ask, caplog, text, status
) -> None:
    cgi_bin("a.sh", text)
    answer = ask(serve())
    assert (answer[0], answer[2]) == (status, f"{status[4:]}\n".encode())
    assert any(
        record.getMessage().startswith(f"cgi.refused status={status[:3]}") for record in caplog.records
    )


def test_silent_script_is_answered_for_and_ended(cgi_bin, serve, ask, caplog) -> None:
    cgi_bin("a.sh", "#!/bin/sh\nsleep 60\n")
    assert ask(serve(cgi_timeout_s=0.3))[0] == "504 Gateway Timeout"
    assert "cgi.refused status=504 path='/a.sh': script not done after 0.3 s; it is ended" in caplog.messages


def test_page_shows_nothing_of_the_machine(cgi_bin, serve, ask) -> None:
    status, headers, body = ask(serve(), "/none.sh")
    assert (status, body) == ("404 Not Found", b"Not Found\n")
    assert headers == {"Content-Type": "text/plain; charset=utf-8", "Content-Length": "10"}


def test_output_that_does_not_end_is_cut_after_it_began(cgi_bin, serve, ask) -> None:
    cgi_bin("a.sh", PAGE + "yes")
    with pytest.raises(ScriptFailedError, match="output of more than 5000000 bytes"):
        ask(serve(cgi_max_output_bytes=5_000_000))


def test_first_output_arrives_while_the_script_goes_on(cgi_bin, serve) -> None:
    cgi_bin("a.sh", PAGE + "echo first; read line; echo $line")
    (cgi_bin.folder / "a.sh").write_text(PAGE + "echo first; sleep 60")
    said = []
    output = serve(cgi_kill_grace_s=0.2)(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/a.sh"} | {"wsgi.input": None},
        lambda *words: said.append(words),
    )
    assert next(iter(output)) == b"first\n"
    output.close()  # the client has gone
    assert output._process is None
    assert said[0][0] == "200 OK"


def test_local_redirect_is_followed_with_get_and_without_the_body(cgi_bin, serve, ask) -> None:
    """RFC 3875 section 6.2.2."""
    cgi_bin("a.sh", "#!/bin/sh\nprintf 'Location: /cgi/b.sh/x%%20y?z=1\\n\\n'\n")
    cgi_bin("b.sh", PAGE + 'echo "$REQUEST_METHOD $PATH_INFO $QUERY_STRING [$CONTENT_LENGTH] $SCRIPT_NAME"')
    answer = ask(serve(), "/a.sh", method="POST", body=b"x", SCRIPT_NAME="/cgi")
    assert answer[2] == b"GET /x y z=1 [] /cgi/b.sh\n"


def test_local_redirect_out_of_the_folder_is_the_clients(cgi_bin, serve, ask) -> None:
    cgi_bin("a.sh", "#!/bin/sh\nprintf 'Location: /elsewhere\\n\\n'\n")
    status, headers, _ = ask(serve(), SCRIPT_NAME="/cgi")
    assert (status, headers["Location"]) == ("302 Found", "/elsewhere")


def test_scripts_that_lead_to_each_other_are_stopped(cgi_bin, serve, ask, caplog) -> None:
    cgi_bin("a.sh", "#!/bin/sh\nprintf 'Location: /a.sh\\n\\n'\n")
    assert ask(serve())[0] == "502 Bad Gateway"
    assert "more than 10 local redirects" in caplog.text


def test_non_parsed_header_script_is_answered_as_it_says(cgi_bin, serve, ask) -> None:
    cgi_bin("nph-a.sh", "#!/bin/sh\nprintf 'HTTP/1.1 203 Mine\\r\\nX-A: b\\r\\n\\r\\nbody'\n")
    assert ask(serve(), "/nph-a.sh") == ("203 Mine", {"X-A": "b"}, b"body")


def test_place_is_waited_for_and_then_refused(cgi_bin, serve, ask) -> None:
    cgi_bin("a.sh", PAGE + "echo in; sleep 60")
    cgi_bin("b.sh", PAGE + "echo done")
    application = serve(cgi_processes=1, cgi_queue_s=0.1, cgi_kill_grace_s=0.1)
    held = application(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/a.sh", "wsgi.input": None}, lambda *words: None
    )
    status, headers, _ = ask(application, "/b.sh")
    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "5")
    held.close()
    assert ask(application, "/b.sh")[2] == b"done\n"


def test_every_way_to_fail_gives_the_place_back(cgi_bin, serve, ask) -> None:
    cgi_bin("bad.sh", "#!/nowhere\n")
    cgi_bin("silent.sh", "#!/bin/sh\n")
    cgi_bin("loop.sh", "#!/bin/sh\nprintf 'Location: /loop.sh\\n\\n'\n")
    cgi_bin("a.sh", PAGE + "echo done")
    application = serve(cgi_processes=1, cgi_queue_s=0.1)
    for path in ("/bad.sh", "/silent.sh", "/loop.sh", "/none.sh"):
        assert ask(application, path)[0] not in {"200 OK", "503 Service Unavailable"}
    assert ask(application)[2] == b"done\n"


def test_head_request_lets_the_script_end_and_sends_no_body(cgi_bin, serve, ask, caplog) -> None:
    """RFC 3875 section 4.3.2."""
    cgi_bin("a.sh", PAGE + "echo body; sleep 0.1; echo more; echo done >&2")
    assert ask(serve(), method="HEAD") == ("200 OK", {"Content-Type": "text/plain"}, b"")
    assert [record.getMessage() for record in caplog.records] == ["cgi.said script='/a.sh' done"]


def test_response_that_the_server_refuses_ends_its_script(cgi_bin, serve) -> None:
    cgi_bin("a.sh", PAGE + "echo in; sleep 60")
    application = serve(cgi_processes=1, cgi_queue_s=0.1, cgi_kill_grace_s=0.1)

    def refuse(status, headers):
        raise LookupError

    for _ in range(2):  # the place is free again
        with pytest.raises(LookupError):
            application({"REQUEST_METHOD": "GET", "PATH_INFO": "/a.sh", "wsgi.input": None}, refuse)


def test_several_threads_run_scripts_at_once(cgi_bin, serve, ask) -> None:
    cgi_bin("a.sh", PAGE + "cat")
    application, answers = serve(), []

    def run(number: int) -> None:
        body = str(number).encode() * 30_000
        answers.append(ask(application, method="POST", body=body)[2] == body)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 8


def test_end_of_a_script_that_failed_is_logged(cgi_bin, serve, ask, caplog) -> None:
    cgi_bin("a.sh", PAGE + "echo out; echo oops >&2; exit 3")
    assert ask(serve())[2] == b"out\n"
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["cgi.said script='/a.sh' oops", "cgi.ended script='/a.sh' status 3"]
