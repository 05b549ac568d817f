"""The grammar of `penstock agent`.

In:     the parser.
Out:    its commands, the words of each.
Never:  imports what a command needs to run.
Rules:  cli/flags.py.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from penstock.cli.flags import METAVARS, Commands, add_config_flag
from penstock.config import OPTIONS

_AGENT_HELP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ops": "answer /livez, /metrics of all servers and /status there",
        "error_log": "where it says who came and what went wrong (default: standard error)",
    }
)


def add_agent(commands: Commands) -> None:
    """Add `penstock agent`."""
    agent = commands.add_parser(
        "agent",
        help="run one agent for all servers of a machine; `agent status`: how agents do",
        description="Wait on a Unix socket for masters whose option `agent` is unix:PATH; write what they "
        "record. `penstock agent status` shows every agent that you may see, embedded ones too.",
    )
    agent.add_argument("action", nargs="?", choices=("run", "status"), default="run", metavar="run|status")
    add_config_flag(agent)
    agent.add_argument(
        "--socket", dest="agent_socket", metavar="PATH", help="where masters find it; status: only this one"
    )
    for key, flag in (("agent_allow_uids", "--allow-uid"), ("agent_allow_gids", "--allow-gid")):
        text = f"{OPTIONS[key].help} (repeatable)"
        agent.add_argument(flag, dest=key, action="append", metavar="NUMBER", help=text)
    agent.add_argument(
        "--log-folder", dest="agent_log_folder", metavar="FOLDER", help=OPTIONS["agent_log_folder"].help
    )
    for key, flag in (("ops", "--ops"), ("error_log", "--error-log")):
        agent.add_argument(flag, dest=key, metavar=METAVARS.get(key, "TEXT"), help=_AGENT_HELP[key])
    agent.add_argument("--json", action="store_true", help="status: print JSON, for programs")
