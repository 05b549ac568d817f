"""Sending mail.

In:     subjects, texts, addresses.
Out:    messages handed to EMAIL_BACKEND; `outbox`, while tests run.
Never:  sends by itself: a backend does.

Rules:  RFC 5322, by `email.message`; Django's names.
"""

from collections.abc import Iterable
from typing import Any

from penstock.web.conf import settings
from penstock.web.core.mail.message import BadHeaderError, EmailMessage, EmailMultiAlternatives
from penstock.web.utils.module_loading import import_string

__all__ = [
    "BadHeaderError",
    "EmailMessage",
    "EmailMultiAlternatives",
    "get_connection",
    "mail_admins",
    "mail_managers",
    "send_mail",
    "send_mass_mail",
]

outbox: list[EmailMessage]  # made by the locmem backend, or by the tests


def get_connection(backend: str | None = None, fail_silently: bool = False, **kwds: Any) -> Any:
    """A connection of a backend by dotted path, EMAIL_BACKEND by default."""
    return import_string(backend or settings.EMAIL_BACKEND)(fail_silently=fail_silently, **kwds)


def send_mail(
    subject: str,
    message: str,
    from_email: str | None,
    recipient_list: Iterable[str],
    fail_silently: bool = False,
    auth_user: str | None = None,
    auth_password: str | None = None,
    connection: Any = None,
    html_message: str | None = None,
) -> int:
    """Send one message to all recipients; return how many messages were sent."""
    connection = connection or get_connection(
        username=auth_user, password=auth_password, fail_silently=fail_silently
    )
    alternatives = [(html_message, "text/html")] if html_message else []
    return EmailMultiAlternatives(
        subject, message, from_email, list(recipient_list), connection=connection, alternatives=alternatives
    ).send()


def send_mass_mail(
    datatuple: Iterable[tuple[str, str, str | None, list[str]]],
    fail_silently: bool = False,
    auth_user: str | None = None,
    auth_password: str | None = None,
    connection: Any = None,
) -> int:
    """Send several messages over one connection; return how many were sent."""
    connection = connection or get_connection(
        username=auth_user, password=auth_password, fail_silently=fail_silently
    )
    messages = [EmailMessage(*parts, connection=connection) for parts in datatuple]
    sent: int | None = connection.send_messages(messages)
    return sent or 0


def mail_admins(
    subject: str,
    message: str,
    fail_silently: bool = False,
    connection: Any = None,
    html_message: str | None = None,
) -> None:
    """Send a message to ADMINS; nothing if there are none."""
    _mail_to(settings.ADMINS, subject, message, fail_silently, connection, html_message)


def mail_managers(
    subject: str,
    message: str,
    fail_silently: bool = False,
    connection: Any = None,
    html_message: str | None = None,
) -> None:
    """Send a message to MANAGERS; nothing if there are none."""
    _mail_to(settings.MANAGERS, subject, message, fail_silently, connection, html_message)


def _mail_to(
    people: Iterable[tuple[str, str]],
    subject: str,
    message: str,
    fail_silently: bool,
    connection: Any,
    html_message: str | None,
) -> None:
    addresses = [address for _, address in people]
    if addresses:
        send_mail(
            f"{settings.EMAIL_SUBJECT_PREFIX}{subject}",
            message,
            settings.SERVER_EMAIL,
            addresses,
            fail_silently=fail_silently,
            connection=connection,
            html_message=html_message,
        )
