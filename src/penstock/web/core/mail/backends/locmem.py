"""Mail for tests: it stays in `penstock.web.core.mail.outbox`.

In:     messages.
Out:    the outbox.
Never:  sends anything.
"""

import copy
from collections.abc import Sequence
from typing import Any

from penstock.web.core import mail
from penstock.web.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """Puts messages into the outbox, once they have shown that their headers are sound."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not hasattr(mail, "outbox"):
            mail.outbox = []

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Keep copies.

        Raises:
            BadHeaderError: a header has a line feed.
        """
        for message in email_messages:
            message.message()
            mail.outbox.append(copy.copy(message))
        return len(email_messages)
