"""What the master is told and what its children are born with.

In:     nothing; the command line fills the plan, the master the heritage.
Out:    ServePlan, Heritage.
Never:  reads a file or the environment.
"""

import dataclasses
from collections.abc import Callable, Sequence
from wsgiref.types import WSGIApplication

from penstock.config import ProtocolConfig, ServerConfig, TelemetryConfig, WSGIConfig
from penstock.server.listener import Listener
from penstock.server.master.handover import Exec, Inheritance
from penstock.server.master.notify import Notifier
from penstock.server.process import Identity
from penstock.telemetry import Segment
from penstock.telemetry.enrolment import Enrolment

Hook = Callable[[], object]
RunAgent = Callable[[Segment, int, Callable[[], object]], None]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """What to serve and how.

    Attributes:
        server: with a number of workers: 0, "as many as there are CPUs", was settled before.
        load: imports and returns the application; called in a template or in each worker.
        find_hook: imports and returns what a hook's option names.
        agent: what the agent is told; here it is only compared, to see whether it needs another agent.
        agent_place: where it is: embedded, off, or unix:PATH.
        enrolment: what a machine's agent is told of us.
        run_agent: the agent's main function: (segment, master's pid, what gives up rights); called in its
            process. It gives them up when all is imported: Python may be in a folder that is root's alone.
        announce: told, once, the addresses when all workers are ready.
        renew: reads the configuration again; raises StartError where it cannot be used.
        headroom: returns the memory in bytes that the cgroup has left, None = it has no limit.
        execute: replaces a child of the master by this command, begun anew (USR2).
        is_error_log_shown: whether it is text on our standard error, where a start that fails says why.
        inheritance: what the program left that this one takes over from, or None.
        ops: the ops port's listener, which no child but the agent keeps; its opener closes it.
        notifier: who tells the service manager where the server stands.
    """

    server: ServerConfig
    protocol: ProtocolConfig
    wsgi: WSGIConfig
    telemetry: TelemetryConfig
    load: Callable[[], WSGIApplication]
    find_hook: Callable[[str], Hook]
    agent: object
    agent_place: str = "embedded"
    enrolment: Enrolment = dataclasses.field(default_factory=lambda: Enrolment("", 1))
    run_agent: RunAgent
    announce: Callable[[Sequence[str]], None]
    renew: Callable[[], "ServePlan"]
    headroom: Callable[[], int | None]
    execute: Exec
    is_error_log_shown: bool = False
    inheritance: Inheritance | None = None
    ops: Listener | None = None
    notifier: Notifier = dataclasses.field(default_factory=Notifier)


@dataclasses.dataclass(frozen=True, slots=True)
class Heritage:
    """What every child of the master is born with.

    Attributes:
        segment: the shared memory.
        identity: who it is to become.
        listeners: open.
    """

    segment: Segment
    identity: Identity
    listeners: Sequence[Listener]
