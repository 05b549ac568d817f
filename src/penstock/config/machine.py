"""Options of `penstock agent`, the agent of a whole machine."""

import dataclasses

from penstock.config.option import option


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MachineConfig:
    """Where masters find it, and whose it takes."""

    agent_socket: str = option(
        "",
        help="path of the Unix socket on which `penstock agent` waits for masters",
        reason="no default suits all",
    )
    agent_allow_uids: tuple[str, ...] = option(
        (),
        help="numbers of users whose masters it takes beside its own and root's",
        reason="who is admitted has records written",
    )
    agent_allow_gids: tuple[str, ...] = option(
        (), help="numbers of groups whose masters it takes", reason="as agent_allow_uids"
    )
    agent_log_folder: str = option(
        "",
        help="where logs of masters of other users go, below UID/NAME",
        reason="a path named by another user would be opened with the agent's rights",
    )
