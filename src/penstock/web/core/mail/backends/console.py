"""Mail for development: it is written to standard output.

In:     messages.
Out:    their text, a line of dashes behind each.
Never:  sends anything.
"""

import sys
from collections.abc import Sequence
from typing import Any

from penstock.web.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """Writes to a stream, standard output by default."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.stream = kwargs.pop("stream", None)
        super().__init__(*args, **kwargs)

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Write them."""
        stream = self.stream or sys.stdout
        for message in email_messages:
            text = message.message().as_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
            stream.write(f"{text}\n{'-' * 79}\n")
        stream.flush()
        return len(email_messages)
