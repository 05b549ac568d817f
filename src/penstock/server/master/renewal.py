"""What of a changed configuration a reload can put in force.

Workers and the agent are made anew and take what they are told.  What the master opened or sized when it
started stays as it is: listeners, shared memory, the user, the pid file.

In:     the plan in force, and what its source says now.
Out:    the plan of the next generation, and the options that keep their value until a restart.
Never:  half a configuration: one that cannot be used changes nothing.
"""

import dataclasses
from typing import Final

from penstock.server.errors import StartError
from penstock.server.plan import ServePlan

FIXED: Final = ("bind", "backlog", "user", "group", "umask", "chdir", "pid_file", "reload", "ops")


@dataclasses.dataclass(frozen=True, slots=True)
class Renewal:
    """A plan that can be carried out now; `fixed` names options that have changed in vain."""

    plan: ServePlan
    fixed: tuple[str, ...]


def renew_plan(plan: ServePlan) -> Renewal:
    """Return the plan of the next generation.

    Raises:
        StartError: the configuration cannot be used as it stands now.
    """
    wanted = _read_again(plan)
    kept = {name: getattr(plan.server, name) for name in FIXED}
    # Each thread has a line in the shared memory; fewer than at the start is no trouble.
    kept["threads"] = min(plan.server.threads, wanted.server.threads)
    server = dataclasses.replace(wanted.server, **kept)
    fixed = [name for name in kept if getattr(server, name) != getattr(wanted.server, name)]
    if wanted.telemetry.ring_bytes != plan.telemetry.ring_bytes:
        fixed.append("ring_bytes")
    telemetry = dataclasses.replace(wanted.telemetry, ring_bytes=plan.telemetry.ring_bytes)
    return Renewal(dataclasses.replace(wanted, server=server, telemetry=telemetry), tuple(fixed))


def _read_again(plan: ServePlan) -> ServePlan:
    """Return what the configuration says now; whatever is wrong with it, a server that runs goes on.

    Raises:
        StartError: it cannot be used.
    """
    try:
        return plan.renew()
    except Exception as error:
        if isinstance(error, StartError):
            raise
        raise StartError(f"cannot read the configuration: {type(error).__name__}: {error}") from error
