"""One message.

In:     subject, texts, addresses, attachments.
Out:    an `email.message.EmailMessage` of the standard library, which knows the grammar.
Never:  lets a line feed into a header.

Rules:  RFC 5322; Django's names.
"""

import email.message
import email.policy
import email.utils
import mimetypes
from pathlib import Path
from typing import Any, Final

from penstock.web.conf import settings

_BINARY: Final = "application/octet-stream"


class BadHeaderError(ValueError):
    """A header has a line feed: somebody tries to add headers of their own."""


class EmailMessage:
    """A message of plain text with attachments.

    Raises:
        TypeError: `to`, `cc`, `bcc` or `reply_to` is a str; expected a list of them.
    """

    content_subtype = "plain"
    encoding: str | None = None

    def __init__(
        self,
        subject: str = "",
        body: str = "",
        from_email: str | None = None,
        to: Any = None,
        bcc: Any = None,
        connection: Any = None,
        attachments: Any = None,
        headers: dict[str, str] | None = None,
        cc: Any = None,
        reply_to: Any = None,
    ) -> None:
        self.to, self.cc, self.bcc, self.reply_to = (_addresses(each) for each in (to, cc, bcc, reply_to))
        self.from_email = from_email or settings.DEFAULT_FROM_EMAIL
        self.subject = subject
        self.body = body
        self.attachments: list[Any] = list(attachments or ())
        self.extra_headers = headers or {}
        self.connection = connection

    def get_connection(self, fail_silently: bool = False) -> Any:
        """The connection it is sent over."""
        from penstock.web.core.mail import get_connection

        self.connection = self.connection or get_connection(fail_silently=fail_silently)
        return self.connection

    def recipients(self) -> list[str]:
        """All addresses that get it, the blind ones included."""
        return [address for address in self.to + self.cc + self.bcc if address]

    def attach(self, filename: Any = None, content: Any = None, mimetype: str | None = None) -> None:
        """Attach bytes, text or a message under a name; the type is guessed from the name."""
        self.attachments.append((filename, content, mimetype))

    def attach_file(self, path: str | Path, mimetype: str | None = None) -> None:
        """Attach a file under its own name."""
        self.attach(Path(path).name, Path(path).read_bytes(), mimetype)

    def message(self) -> email.message.EmailMessage:
        """The message as it is sent.

        Raises:
            BadHeaderError: a header has a line feed.
        """
        made = email.message.EmailMessage(policy=email.policy.SMTP)
        made.set_content(self.body, subtype=self.content_subtype, charset=self.encoding or "utf-8")
        self._add_alternatives(made)
        for filename, content, mimetype in self.attachments:
            _attach(made, filename, content, mimetype)
        for name, value in self._headers().items():
            if "\n" in value or "\r" in value:
                raise BadHeaderError(f"mail header {name} is {value!r}; expected one line")
            made[name] = value
        return made

    def send(self, fail_silently: bool = False) -> int:
        """Send it; return 1, or 0 where there is nobody to send it to."""
        if not self.recipients():
            return 0
        sent: int | None = self.get_connection(fail_silently).send_messages([self])
        return sent or 0

    def _add_alternatives(self, made: email.message.EmailMessage) -> None:
        """Put other forms of the text beside it."""

    def _headers(self) -> dict[str, str]:
        listed = {"To": self.to, "Cc": self.cc, "Reply-To": self.reply_to}
        headers = {
            "Subject": str(self.subject),
            "From": str(self.from_email),
            **{name: ", ".join(map(str, addresses)) for name, addresses in listed.items() if addresses},
            "Date": email.utils.formatdate(localtime=settings.EMAIL_USE_LOCALTIME),
            "Message-ID": email.utils.make_msgid(),
        }
        own = {name.lower() for name in self.extra_headers}
        return {
            name: value for name, value in headers.items() if name.lower() not in own
        } | self.extra_headers


class EmailMultiAlternatives(EmailMessage):
    """A message whose text comes in several forms, the plainest first."""

    def __init__(self, *args: Any, alternatives: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.alternatives: list[tuple[str, str]] = list(alternatives or ())

    def attach_alternative(self, content: str, mimetype: str) -> None:
        """Add a form of the text."""
        self.alternatives.append((content, mimetype))

    def _add_alternatives(self, made: email.message.EmailMessage) -> None:
        for content, mimetype in self.alternatives:
            made.add_alternative(content, subtype=mimetype.partition("/")[2])


def _addresses(given: Any) -> list[str]:
    if isinstance(given, str):
        raise TypeError(f"mail addresses {given!r}; expected a list or a tuple")
    return list(given or ())


def _attach(
    made: email.message.EmailMessage, filename: str | None, content: Any, mimetype: str | None
) -> None:
    if isinstance(content, email.message.Message):
        made.add_attachment(content)
        return
    guessed = mimetypes.guess_type(filename)[0] if filename else None
    raw = content.encode() if isinstance(content, str) else content
    maintype, _, subtype = (mimetype or guessed or _BINARY).partition("/")
    made.add_attachment(raw, maintype=maintype, subtype=subtype, filename=filename)
