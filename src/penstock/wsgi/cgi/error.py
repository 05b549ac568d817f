"""Why a request to a script has no response of the script's own.

    CGIError                  the client gets a page with its status; the log gets its message
    |- ScriptRefusedError     404, 403, 503: no script was started
    `- ScriptFailedError      500, 502, 504: it could not be started, said nothing, or nothing that can be
    sent on

Never:  shown to the client: paths and reasons are the operator's.
"""


class CGIError(Exception):
    """A request that is answered with a page instead of a script's response.

    Attributes:
        status: line of the response, "404 Not Found".
    """

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class ScriptRefusedError(CGIError):
    """There is no such script, it may not be run, or too many run already."""


class ScriptFailedError(CGIError):
    """The script could not be started, ended too early, took too long, or broke RFC 3875 section 6."""
