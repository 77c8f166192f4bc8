"""Messages by mail: through Django's own outbox, and over real SMTP."""

from __future__ import annotations

import email
import email.policy
import logging
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.locmem import EmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from pytest_django import Settings

from countjobs.alerts.sending import mail as sending
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.mail import MailSender
from countjobs.alerts.sending.senders import senders
from tests.support.listening import raw_server, silence
from tests.support.sent_messages import MESSAGE, message

controller = pytest.importorskip("aiosmtpd.controller", reason="could not import 'aiosmtpd'")
smtp = pytest.importorskip("aiosmtpd.smtp", reason="could not import 'aiosmtpd'")

SENDER = MailSender()
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
Configure = Callable[..., None]


@pytest.fixture(autouse=True)
def _outbox(configure: Configure, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Jobs <jobs@example.com>"
    configure(LOCMEM)


def sent(target: str = "ops@example.org", **values: Any) -> mail.EmailMultiAlternatives:
    SENDER.send(target, "", message(**values))
    (found,) = mail.outbox
    assert isinstance(found, mail.EmailMultiAlternatives)
    return found


def test_it_is_one_of_the_kinds() -> None:
    assert isinstance(senders()["mail"], MailSender)


def test_a_message_is_text_and_html() -> None:
    found = sent("a@example.org, b@example.org; c@example.org\nd@example.org\r\na@example.org")
    assert found.to == [f"{name}@example.org" for name in "abcd"]
    assert found.from_email == "Jobs <jobs@example.com>"
    assert (found.subject, found.body) == (MESSAGE.subject, MESSAGE.text)
    assert [tuple(each) for each in found.alternatives] == [(MESSAGE.html, "text/html")]


def test_each_try_has_the_same_id_and_asks_for_no_reply() -> None:
    for _try in range(2):
        SENDER.send("ops@example.org", "", MESSAGE)
    for found in mail.outbox:
        written = found.message()
        assert written["Message-ID"] == f"<countjobs.{MESSAGE.id}@example.com>"
        assert written["Auto-Submitted"] == "auto-generated"
        assert written["X-Auto-Response-Suppress"] == "All"


@pytest.mark.parametrize("sender", ["webmaster", "", "Ä <a@exämple.com>"])
def test_a_strange_sender_leaves_the_id_sound(sender: str, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = sender
    assert sending._domain() == "localhost"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x85"])
def test_a_name_of_a_job_adds_no_header(end: str) -> None:
    found = sent(subject=f"Job{end}Bcc: all@example.org").message()
    lines = found.as_bytes().partition(b"\n\n")[0].splitlines()
    assert not [line for line in lines if line.lower().startswith(b"bcc")]
    assert "Bcc" not in found
    assert len(str(found["Subject"]).splitlines()) == 1


def test_a_text_that_has_half_a_character_is_sent() -> None:
    assert sent(subject="\ud800", text="\ud800", html="\ud800").message().as_bytes()


# The target


@pytest.mark.parametrize("target", ["a@example.org", "a@example.org,\n b@exämple.org ;"])
def test_addresses_are_accepted(target: str) -> None:
    SENDER.check_target(target)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("", "at least one"),
        (" ,; \n", "at least one"),
        ("ops", "“ops” is not"),
        ("a@example.org, b@", "“b@” is not"),
        ("Ops <ops@example.org>", "“Ops” is not"),
        ("a@example.org\x00", "is not a mail address"),
        (",".join(f"a{n}@example.org" for n in range(51)), "at most 50"),
    ],
)
def test_what_is_no_address_is_refused(target: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SENDER.check_target(target)


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("ops@example.com", "o…@example.com"),
        ("ops@example.com, a@example.org\nb@example.org", "o…@example.com, +2"),
        ("", "…"),
        ("ops", "…"),
    ],
)
def test_the_hint_has_no_whole_address(target: str, hint: str) -> None:
    assert SENDER.hint(target) == hint


# Over SMTP


class Handler:
    """A mail server that takes all mail, or refuses it."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, _: Any) -> str:  # noqa: N802
        if self.answer.startswith("5"):
            return self.answer
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.recipients += envelope.rcpt_tos
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return self.answer


def refuse_all(server: Any, session: Any, envelope: Any, mechanism: Any, auth_data: Any) -> Any:
    return smtp.AuthResult(success=False, handled=False)


@contextmanager
def mail_server(handler: Handler, **options: Any) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    found = controller.Controller(handler, hostname="127.0.0.1", port=port, **options)
    found.start()
    try:
        yield port
    finally:
        found.stop()


def test_a_message_goes_over_smtp(configure: Configure) -> None:
    handler = Handler()
    with mail_server(handler) as port:
        configure(SMTP, host="127.0.0.1", port=port)
        SENDER.send("a@example.org, b@example.org", "", MESSAGE)
    (letter,) = handler.letters
    assert handler.recipients == ["a@example.org", "b@example.org"]
    assert letter["Subject"] == MESSAGE.subject
    assert letter["Message-ID"] == f"<countjobs.{MESSAGE.id}@example.com>"
    plain, html = letter.get_body(["plain"]), letter.get_body(["html"])
    assert plain is not None
    assert html is not None
    assert plain.get_content().strip() == MESSAGE.text.strip()
    assert html.get_content().strip() == MESSAGE.html


def why_not(target: str = "ops@example.org") -> str:
    with pytest.raises(CannotSend) as caught:
        SENDER.send(target, "", MESSAGE)
    return str(caught.value)


def test_recipients_that_are_refused_are_not_quoted(configure: Configure) -> None:
    with mail_server(Handler("550 No such user <ops@example.org>")) as port:
        configure(SMTP, host="127.0.0.1", port=port)
        said = why_not()
    assert said == ("The mail server refused it (SMTPRecipientsRefused, 550): No such user …")


def test_a_refused_message_is_told_in_one_short_line(configure: Configure) -> None:
    handler = Handler(f"450-Later\r\n450 {'very ' * 90}much later")
    with mail_server(handler) as port:
        configure(SMTP, host="127.0.0.1", port=port)
        said = why_not()
    assert said.startswith("The mail server refused it (SMTPDataError, 450): Later very very")
    assert len(said.splitlines()) == 1
    assert len(said) < 260


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")  # the server's own
def test_a_refused_password_is_not_told(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    options = {"authenticator": refuse_all, "auth_required": True, "auth_require_tls": False}
    with mail_server(Handler(), **options) as port:
        configure(SMTP, host="127.0.0.1", port=port, username="u5er", password="s3cret")
        said = why_not()
    assert said.startswith("The mail server refused it (SMTPAuthenticationError, 535)")
    assert "s3cret" not in said + caplog.text
    assert "u5er" not in said


def test_a_server_that_quotes_the_password_does_not_spread_it(configure: Configure) -> None:
    configure(SMTP, host="127.0.0.1", username="u5er", password="s3cret")
    error = smtplib.SMTPAuthenticationError(535, b"u5er with s3cret is not known")
    assert sending._sentence(error, sending._backend()).endswith("535): … with … is not known")


def test_a_server_that_is_not_there_is_told(configure: Configure) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    configure(SMTP, host="127.0.0.1", port=port)
    assert why_not() == "The mail server can't be reached: Connection refused."


def test_a_silent_server_does_not_hold_up(configure: Configure) -> None:
    with raw_server(silence) as port:
        configure(SMTP, host="127.0.0.1", port=port, timeout=0.2)
        assert why_not() == "The mail server didn't answer in time, or ended the connection."


@pytest.mark.parametrize(("given", "used"), [(None, sending.SECONDS), (3, 3)])
def test_there_is_always_a_time_out(given: int | None, used: int, configure: Configure) -> None:
    configure(SMTP, host="127.0.0.1", timeout=given)
    backend = sending._backend()
    assert isinstance(backend, SmtpBackend)
    assert backend.timeout == used


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("s3cret"), "The mail couldn't be sent (RuntimeError)."),
        (smtplib.SMTPException("s3cret"), "The mail couldn't be sent (SMTPException)."),
        (socket.gaierror(-2, "Name not known"), "can't be reached: Name not known."),
    ],
)
def test_any_error_of_a_backend_is_told_without_what_it_may_hold(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: EmailBackend, messages: object) -> int:
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    assert said in why_not()


@pytest.mark.parametrize(("answer", "fails"), [(0, True), (None, False), (1, False)])
def test_a_backend_that_fails_in_silence_is_noticed(
    answer: int | None, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmailBackend, "send_messages", lambda self, messages: answer)
    if fails:
        assert why_not() == "The mail couldn't be sent."
    else:
        SENDER.send("ops@example.org", "", MESSAGE)
