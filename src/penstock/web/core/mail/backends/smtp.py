"""Mail by an SMTP server.

In:     messages; EMAIL_HOST and the rest of the settings.
Out:    messages sent over one connection.
Never:  keeps a connection that it opened by itself.

Rules:  RFC 5321, by `smtplib`.
"""

import contextlib
import smtplib
import ssl
import threading
from collections.abc import Sequence
from typing import Any

from penstock.web.conf import settings
from penstock.web.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """One connection to a server.

    Raises:
        ValueError: both STARTTLS and TLS from the start are asked for.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        username: str | None = None,
        password: str | None = None,
        use_tls: bool | None = None,
        fail_silently: bool = False,
        use_ssl: bool | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(fail_silently=fail_silently, **options)
        self.host, self.port = host or settings.EMAIL_HOST, port or settings.EMAIL_PORT
        self.username = _given(username, settings.EMAIL_HOST_USER)
        self.password = _given(password, settings.EMAIL_HOST_PASSWORD)
        self.timeout = _given(timeout, settings.EMAIL_TIMEOUT)
        self.use_tls = _given(use_tls, settings.EMAIL_USE_TLS)
        self.use_ssl = _given(use_ssl, settings.EMAIL_USE_SSL)
        if self.use_ssl and self.use_tls:
            raise ValueError("EMAIL_USE_TLS and EMAIL_USE_SSL are both on; expected one of them")
        self.connection: smtplib.SMTP | None = None
        self._lock = threading.RLock()

    def open(self) -> bool | None:
        """Connect, and log in if there is a user; tell whether this call did.

        Raises:
            OSError: the server is not there or refuses (an smtplib.SMTPException), unless failing silently.
        """
        if self.connection:
            return False
        try:
            self.connection = self._connect()
        except OSError:
            if not self.fail_silently:
                raise
            return None
        return True

    def close(self) -> None:
        """Say goodbye, as far as the server still listens."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.quit()

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        """Send messages; return how many were.

        Raises:
            OSError: the server refuses one, unless failing silently.
        """
        with self._lock:
            opened = self.open() if email_messages else None
            if not self.connection:
                return 0
            try:
                return sum(self._send(self.connection, message) for message in email_messages)
            finally:
                if opened:
                    self.close()

    def _connect(self) -> smtplib.SMTP:
        more: dict[str, Any] = {} if self.timeout is None else {"timeout": self.timeout}
        context = self._context() if self.use_ssl or self.use_tls else None
        if self.use_ssl:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, context=context, **more)
        else:
            connection = smtplib.SMTP(self.host, self.port, **more)
        if self.use_tls:
            connection.starttls(context=context)
        if self.username and self.password:
            connection.login(self.username, self.password)
        return connection

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if settings.EMAIL_SSL_CERTFILE or settings.EMAIL_SSL_KEYFILE:
            context.load_cert_chain(settings.EMAIL_SSL_CERTFILE, settings.EMAIL_SSL_KEYFILE)
        return context

    def _send(self, connection: smtplib.SMTP, message: Any) -> bool:
        recipients = message.recipients()
        if not recipients:
            return False
        refusals = smtplib.SMTPException if self.fail_silently else ()
        with contextlib.suppress(refusals):  # type: ignore[arg-type]  # an empty tuple is a tuple of exceptions
            connection.send_message(message.message(), message.from_email, recipients)
            return True
        return False


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value
