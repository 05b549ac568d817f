"""What can be wrong with a session.

In:     nothing.
Out:    classes; all are the client's fault and give 400, the suspicious ones with a line in the security log.
Never:  knows where sessions are kept.
"""

from penstock.web.core.exceptions import BadRequest, SuspiciousOperation


class InvalidSessionKey(SuspiciousOperation):
    """The key has characters that no key of ours has."""


class SuspiciousSession(SuspiciousOperation):
    """What is kept under the key was not written by us."""


class SessionInterrupted(BadRequest):
    """The session was deleted while its request ran."""
