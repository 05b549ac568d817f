"""What can be wrong with a session.

In:     nothing.
Out:    classes; the two suspicious ones are the client's fault and give 400.
"""

from penstock.web.core.exceptions import BadRequest, SuspiciousOperation


class InvalidSessionKey(SuspiciousOperation):
    """The key has characters that no key of ours has."""


class SuspiciousSession(SuspiciousOperation):
    """What is kept under the key was not written by us."""


class SessionInterrupted(BadRequest):
    """The session was deleted while its request ran."""
