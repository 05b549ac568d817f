"""core/mail and its backends."""

import email
import io
import smtplib

import pytest

from penstock.web.core import mail
from penstock.web.core.mail.backends import console, smtp
from penstock.web.core.mail.backends.base import BaseEmailBackend
from penstock.web.core.mail.backends.dummy import EmailBackend as Dummy
from penstock.web.core.mail.message import BadHeaderError, EmailMessage, EmailMultiAlternatives

LOCMEM = "penstock.web.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(autouse=True)
def outbox(override):
    override(
        EMAIL_BACKEND=LOCMEM,
        ADMINS=[("A", "a@x.org")],
        MANAGERS=[("M", "m@x.org")],
        EMAIL_SUBJECT_PREFIX="[T] ",
    )
    mail.outbox = []
    return mail.outbox


def test_a_message_goes_to_its_recipients():
    assert mail.send_mail("subject", "text", "from@x.org", ["to@x.org"], html_message="<p>text</p>") == 1
    (sent,) = mail.outbox
    assert (sent.subject, sent.body, sent.from_email, sent.to) == (
        "subject",
        "text",
        "from@x.org",
        ["to@x.org"],
    )
    parsed = email.message_from_bytes(sent.message().as_bytes())
    assert [part.get_content_type() for part in parsed.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_several_messages_go_over_one_connection():
    assert mail.send_mass_mail([("a", "b", None, ["c@x.org"]), ("d", "e", "f@x.org", ["g@x.org"])]) == 2
    assert [sent.from_email for sent in mail.outbox] == ["webmaster@localhost", "f@x.org"]


@pytest.mark.parametrize(("send", "to"), [(mail.mail_admins, "a@x.org"), (mail.mail_managers, "m@x.org")])
def test_those_who_care_for_the_site_are_told(send, to, override):
    send("subject", "text")
    assert [(sent.subject, sent.to) for sent in mail.outbox] == [("[T] subject", [to])]
    override(ADMINS=[], MANAGERS=[])
    send("subject", "text")
    assert len(mail.outbox) == 1


def test_headers_are_written():
    message = EmailMessage(
        "sübject", "text", "f@x.org", ["t@x.org"], ["b@x.org"], cc=["c@x.org"], reply_to=["r@x.org"],
        headers={"X-Own": "1", "Message-ID": "<own>"},
    )  # fmt: skip
    written = message.message()
    assert (written["To"], written["Cc"], written["Reply-To"], written["X-Own"]) == (
        "t@x.org",
        "c@x.org",
        "r@x.org",
        "1",
    )
    assert written["Message-ID"] == "<own>"
    assert written["Subject"] == "sübject"
    assert written["Bcc"] is None
    assert message.recipients() == ["t@x.org", "c@x.org", "b@x.org"]


@pytest.mark.parametrize("place", ["subject", "header"])
def test_a_line_feed_in_a_header_is_refused(place):
    bad = "a\nBcc: everybody@x.org"
    message = (
        EmailMessage(bad, to=["t@x.org"])
        if place == "subject"
        else EmailMessage("s", to=["t@x.org"], headers={"X": bad})
    )
    with pytest.raises(BadHeaderError, match="expected one line"):
        message.send()
    assert mail.outbox == []


@pytest.mark.parametrize("field", ["to", "cc", "bcc", "reply_to"])
def test_addresses_that_are_one_string_are_refused(field):
    with pytest.raises(TypeError, match="expected a list"):
        EmailMessage(**{field: "a@x.org"})


def test_files_are_attached(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"text")
    message = EmailMessage(
        "s", "b", to=["t@x.org"], attachments=[("b.bin", b"\0", None), ("c.json", "{}", "application/json")]
    )
    message.attach_file(tmp_path / "a.txt")
    message.attach(content=EmailMessage("inner", "b", to=["x@x.org"]).message())
    kinds = [part.get_content_type() for part in message.message().iter_attachments()]
    assert kinds == ["application/octet-stream", "application/json", "text/plain", "message/rfc822"]


def test_a_message_without_recipients_is_not_sent():
    assert EmailMessage("s", "b").send() == 0
    assert mail.outbox == []


def test_forms_of_the_text_may_be_given_at_once():
    message = EmailMultiAlternatives("s", "b", to=["t@x.org"], alternatives=[("<b>", "text/html")])
    assert message.send() == 1


def test_the_console_shows_messages():
    stream = io.StringIO()
    connection = mail.get_connection("penstock.web.core.mail.backends.console.EmailBackend", stream=stream)
    assert EmailMessage("subject", "é", to=["t@x.org"], connection=connection).send() == 1
    assert "Subject: subject" in stream.getvalue()
    assert stream.getvalue().endswith("-" * 79 + "\n")
    assert console.EmailBackend().stream is None


def test_the_dummy_counts():
    assert Dummy().send_messages([1, 2]) == 2


def test_a_backend_opens_and_closes():
    class Broken(BaseEmailBackend):
        closed = 0

        def open(self):
            raise OSError("no connection")

        def close(self):
            self.closed += 1

    broken = Broken()
    with pytest.raises(OSError, match="no connection"), broken:
        pass
    assert broken.closed == 1
    with BaseEmailBackend() as plain, pytest.raises(NotImplementedError, match="send_messages"):
        plain.send_messages([])


class Server:
    """Stands for smtplib.SMTP: keeps what it is told."""

    fails = False

    def __init__(self, *args, **kwargs):
        self.said = [("connect", args)]
        Server.last = self

    def __getattr__(self, name):
        return lambda *args, **kwargs: self.said.append((name, args))

    def send_message(self, message, sender, recipients):
        if Server.fails:
            raise smtplib.SMTPDataError(550, b"no")
        self.said.append(("send", (sender, recipients)))


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(smtplib, "SMTP", Server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", Server)
    monkeypatch.setattr(Server, "fails", False)
    return Server


def to_send():
    return [EmailMessage("s", "b", "f@x.org", ["t@x.org"]), EmailMessage("s", "b")]


@pytest.mark.parametrize(
    ("options", "verbs"),
    [
        ({}, ["connect", "send", "quit"]),
        (
            {"use_tls": True, "username": "u", "password": "p", "timeout": 3},
            ["connect", "starttls", "login", "send", "quit"],
        ),
        ({"use_ssl": True}, ["connect", "send", "quit"]),
    ],
    ids=["plain", "starttls", "tls"],
)
def test_messages_are_handed_to_a_server(options, verbs, server):
    assert smtp.EmailBackend(**options).send_messages(to_send()) == 1
    assert [verb for verb, _ in server.last.said] == verbs


def test_a_connection_that_was_opened_stays_open(server):
    with smtp.EmailBackend() as backend:
        assert backend.open() is False
        backend.send_messages(to_send())
        assert "quit" not in [verb for verb, _ in server.last.said]
    assert backend.send_messages([]) == 0


@pytest.mark.parametrize("silently", [True, False])
def test_a_server_that_refuses_is_an_error_unless_silent(silently, server, monkeypatch):
    monkeypatch.setattr(server, "fails", True)
    backend = smtp.EmailBackend(fail_silently=silently)
    if silently:
        assert backend.send_messages(to_send()) == 0
    else:
        with pytest.raises(smtplib.SMTPDataError):
            backend.send_messages(to_send())


@pytest.mark.parametrize("silently", [True, False])
def test_a_server_that_is_not_there_is_an_error_unless_silent(silently):
    backend = smtp.EmailBackend(host="127.0.0.1", port=1, timeout=2, fail_silently=silently)
    if silently:
        assert backend.send_messages(to_send()) == 0
    else:
        with pytest.raises(OSError, match="refused"):
            backend.open()


def test_both_kinds_of_tls_are_refused():
    with pytest.raises(ValueError, match="both on"):
        smtp.EmailBackend(use_tls=True, use_ssl=True)


def test_the_outbox_is_made_when_it_is_not_there(monkeypatch):
    monkeypatch.delattr(mail, "outbox")
    assert mail.send_mail("s", "b", None, ["t@x.org"]) == 1
    assert len(mail.outbox) == 1


def test_a_form_of_the_text_may_be_added():
    message = EmailMultiAlternatives("s", "b", to=["t@x.org"])
    message.attach_alternative("<b>", "text/html")
    assert message.alternatives == [("<b>", "text/html")]


def test_a_certificate_is_loaded_for_tls(server, override):
    override(EMAIL_SSL_CERTFILE="/nowhere/cert.pem")
    with pytest.raises(FileNotFoundError):
        smtp.EmailBackend(use_ssl=True).open()
