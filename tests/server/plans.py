"""What tests of the master and its rooms serve: one small application, an agent that writes nothing."""

import os
import signal
import threading
import time
from collections.abc import Callable

from penstock.config import AgentConfig, ProtocolConfig, ServerConfig, TelemetryConfig, WSGIConfig
from penstock.server.master.notify import Notifier
from penstock.server.plan import ServePlan


def application(environ, start_response):
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]


def idle_agent(segment, master_pid, assume) -> None:
    """An agent that writes nothing and leaves when told to."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    while True:
        signal.pause()


def plan(
    *,
    load=lambda: application,
    find_hook=lambda name: None,
    run_agent=idle_agent,
    announce=lambda names: None,
    renew=None,
    headroom=lambda: None,
    execute=lambda sockets, channel_fd: None,
    inheritance=None,
    notifier=None,
    **server,
) -> ServePlan:
    return ServePlan(
        server=ServerConfig(**{"bind": ("127.0.0.1:0",), "workers": 1, "graceful_timeout_s": 5.0, **server}),
        protocol=ProtocolConfig(),
        wsgi=WSGIConfig(),
        telemetry=TelemetryConfig(ring_bytes=65536),
        load=load,
        find_hook=find_hook,
        agent=AgentConfig(),
        run_agent=run_agent,
        announce=announce,
        headroom=headroom,
        execute=execute,
        inheritance=inheritance,
        renew=renew or (lambda: plan(load=load, run_agent=run_agent, announce=announce, **server)),
        notifier=notifier or Notifier(),
    )


def wait_until(is_so: Callable[[], object]) -> None:
    give_up_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < give_up_s
        threading.Event().wait(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


class ChildError(Exception):
    """Ends what only a child would go on with, in tests whose fork is none."""
