import functools
import os
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest

from penstock.server.template.audit import Origins, find_hazards


def audit(source: str) -> list[str]:
    """Audit a process of its own that has run `source`; this one has threads of pytest's."""
    program = textwrap.dedent(
        """
        import os, sys
        from penstock.server.template.audit import Origins, find_hazards
        with Origins() as origins:
            exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), scope := {})
        print(*find_hazards(origins), sep="\\n", flush=True)
        os._exit(0)
        """
    )
    path = os.path.join(os.environ["PYTEST_AUDIT_FOLDER"], "site.py")
    with open(path, "w") as file:
        file.write(textwrap.dedent(source))
    ran = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert not ran.stderr
    return [line.replace(path, "site.py") for line in ran.stdout.splitlines() if line]


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PYTEST_AUDIT_FOLDER", str(tmp_path))


def test_application_that_only_defines_things_has_no_hazard() -> None:
    assert audit("import json, socket, threading, sqlite3\n") == []


def test_live_thread_is_named_with_where_it_was_started() -> None:
    source = """\
        import threading
        thread = threading.Thread(target=threading.Event().wait, name="poller", daemon=True)
        thread.start()
        """
    assert audit(source) == ["thread 'poller' (from site.py:3)"]


def test_thread_of_a_pool_is_named_by_who_filled_the_pool() -> None:
    source = """\
        import concurrent.futures, threading
        pool = concurrent.futures.ThreadPoolExecutor(1, "jobs")
        pool.submit(threading.Event().wait, 3600)
        """
    assert audit(source) == ["thread 'jobs_0' (from site.py:3)"]


def test_thread_that_has_ended_is_no_hazard() -> None:
    source = """\
        import threading
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        """
    assert audit(source) == []


def test_connection_is_named_with_its_peer_and_where_it_was_made() -> None:
    source = """\
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname())
        """
    (found,) = audit(source)
    assert found.startswith("connection to 127.0.0.1:")
    assert found.endswith(" (from site.py:3)")


def test_datagrams_and_listeners_are_no_hazard() -> None:
    source = """\
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        statistics = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        statistics.connect(("127.0.0.1", 8125))
        """
    assert audit(source) == []


def test_pair_of_sockets_is_named_although_it_has_no_address() -> None:
    assert (
        audit("import socket\npair = socket.socketpair()\n") == ["connection to a socket without a name"] * 2
    )


def test_open_database_is_named_with_its_file_and_where_it_was_opened() -> None:
    source = """\
        import sqlite3
        closed = sqlite3.connect(":memory:")
        closed.close()
        open_one = sqlite3.connect(":memory:")
        """
    assert audit(source) == ["open SQLite database ':memory:' (from site.py:4)"]


def test_lazy_object_is_not_set_up_to_be_looked_at() -> None:
    source = """\
        import sqlite3
        class Lazy:
            @property
            def __class__(self):
                raise RuntimeError("set up too early")
        lazy = Lazy()
        """
    assert audit(source) == []


def test_thread_of_a_c_library_is_counted() -> None:
    source = """\
        import ctypes
        libc = ctypes.CDLL(None)
        handle = ctypes.c_ulong()
        pause = ctypes.cast(libc.pause, ctypes.c_void_p)
        libc.pthread_create(ctypes.byref(handle), None, pause, None)
        """
    (found,) = audit(source)
    assert found.endswith(" of a C library")


def test_what_was_wrapped_is_given_back() -> None:
    before = (threading.Thread.start, socket.socket.connect, sqlite3.connect, sqlite3.dbapi2.connect)
    with Origins():
        assert threading.Thread.start is not before[0]
    assert (threading.Thread.start, socket.socket.connect, sqlite3.connect, sqlite3.dbapi2.connect) == before
    assert "connect" not in vars(socket.socket)


def test_what_the_application_wrapped_in_turn_stays_and_is_noted_no_more() -> None:
    before = threading.Thread.start
    try:
        with Origins() as origins:
            ours = threading.Thread.start
            threading.Thread.start = theirs = functools.partialmethod(ours)
        assert vars(threading.Thread)["start"] is theirs
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        assert origins.threads == {}
    finally:
        threading.Thread.start = before


def test_socket_that_was_open_before_is_none_of_the_applications() -> None:
    ours, theirs = socket.socketpair()
    with Origins() as origins:
        pass
    assert not [hazard for hazard in find_hazards(origins) if "connection" in hazard]
    ours.close()
    theirs.close()
