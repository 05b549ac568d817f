"""The log of a machine's agent itself: who came, who was refused, what a station did wrong.

In:     notices.
Out:    lines of the error log's format, to `error_log` (standard error by default).
Never:  waits for its output: what it does not take is lost, for nobody could be told.
"""

from penstock.agent.logs.form import entry_form
from penstock.agent.logs.output import Output
from penstock.agent.watch import Notice
from penstock.config import AgentConfig
from penstock.telemetry.clock import WallClock


class Herald:
    """Says what the agent has to say.

    Args:
        config: `error_log`, `error_log_format`.
        standard_fd: what `-` means.
    """

    def __init__(self, config: AgentConfig, standard_fd: int = 2) -> None:
        self._clock = WallClock()
        self._line = entry_form(config.error_log_format, self._clock)
        self._output = Output("agent log", config.error_log, standard_fd)

    def say(self, notice: Notice) -> None:
        """Write one line."""
        self._clock.refresh()
        self._output.write(self._line(notice.as_entry()).encode("utf-8", "backslashreplace"))
        self._output.give_up()

    def reopen(self) -> None:
        """Open the file again by name."""
        self._output.reopen()

    def close(self) -> None:
        """Close it."""
        self._output.close()
