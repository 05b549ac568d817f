"""core/mail/backends/filebased.py."""

import pytest

from penstock.web.core import mail
from penstock.web.core.exceptions import ImproperlyConfigured
from penstock.web.core.mail import EmailMessage, send_mail

BACKEND = "penstock.web.core.mail.backends.filebased.EmailBackend"


def letter(subject="subject"):
    return EmailMessage(subject, "é", to=["t@x.org"])


def test_each_connection_writes_a_file(override, tmp_path):
    override(EMAIL_BACKEND=BACKEND, EMAIL_FILE_PATH=tmp_path / "mail" / "here")
    assert send_mail("one", "b", None, ["t@x.org"]) == 1
    assert send_mail("two", "b", None, ["t@x.org"]) == 1
    texts = [file.read_text() for file in (tmp_path / "mail/here").glob("*.log")]
    subjects = sorted(line for text in texts for line in text.splitlines() if line.startswith("Subject:"))
    assert (len(texts), subjects) == (2, ["Subject: one", "Subject: two"])


def test_messages_of_one_connection_stand_in_one_file(tmp_path):
    with mail.get_connection(BACKEND, file_path=tmp_path) as connection:
        assert connection.send_messages([letter("one"), letter("two")]) == 2
        assert connection.send_messages([letter("three")]) == 1
        assert connection.send_messages([]) == 0
    (file,) = tmp_path.iterdir()
    assert file.read_text().count("Subject: ") == 3
    assert connection.stream is None


def test_connection_that_sends_nothing_leaves_no_file(tmp_path):
    connection = mail.get_connection(BACKEND, file_path=tmp_path)
    assert connection.send_messages([]) == 0
    connection.close()
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_named_is_asked_for():
    with pytest.raises(ImproperlyConfigured, match="EMAIL_FILE_PATH is not set; expected a folder"):
        mail.get_connection(BACKEND)


def test_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ImproperlyConfigured, match=r"taken.*expected a folder"):
        mail.get_connection(BACKEND, file_path=tmp_path / "taken")
