"""Messages by mail, with what Django's settings say of mail."""

from __future__ import annotations

import re
import smtplib
import threading
from contextlib import suppress
from email.utils import parseaddr

import django
from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from countjobs.alerts.message import Message
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.patience import in_time
from countjobs.text import shown, storable, visible

SECONDS = 10
"""The time-out of SMTP where the settings name none. It begins anew with each byte."""
MOST_SECONDS = 60.0
"""How long one try may take, whatever the settings say."""
MOST_AT_ONCE = 4
"""How many tries may hang."""
MOST_ADDRESSES = 50
_room = threading.BoundedSemaphore(MOST_AT_ONCE)
_BETWEEN = re.compile(r"[,;\s]+")
_ADDRESS = re.compile(r"\S+@\S+")
_MOST_SAID = 200
_HIDDEN = "…"


class MailSender:
    """Sends a message to addresses, written with commas, semicolons or line breaks between."""

    label = _("Mail")

    def check_target(self, target: str) -> None:
        """Check each address."""
        addresses = _addresses(target)
        if not addresses:
            raise ValidationError(_("Enter at least one address."), code="none")
        if len(addresses) > MOST_ADDRESSES:
            raise ValidationError(
                _("Enter at most %(most)d addresses."),
                code="many",
                params={"most": MOST_ADDRESSES},
            )
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError:
                raise ValidationError(
                    _("“%(address)s” is not a mail address."),
                    code="address",
                    params={"address": shown(address)},
                ) from None

    def hint(self, target: str) -> str:
        """The first address without most of its name, and how many others there are."""
        first, *others = _addresses(target) or [""]
        name, _at, domain = first.rpartition("@")
        more = f", +{len(others)}" if others else ""
        return f"{name[:1]}{_HIDDEN}@{domain}{more}" if name else _HIDDEN

    def send(self, target: str, key: str, message: Message) -> None:
        """Send one mail to all of the addresses. Raises CannotSend."""
        letter = EmailMultiAlternatives(
            subject=visible(message.subject),  # a line break would begin another header
            body=storable(message.text),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=_addresses(target),
            headers={
                "Message-ID": f"<countjobs.{message.id}@{_domain()}>",
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
            },
        )
        letter.attach_alternative(storable(message.html), "text/html")
        in_time(
            lambda: _send(letter),
            seconds=MOST_SECONDS,
            room=_room,
            what="countjobs mail",
            late=f"The mail server took longer than {MOST_SECONDS:g} seconds.",
        )


def _send(letter: EmailMultiAlternatives) -> None:
    backend: BaseEmailBackend | None = None
    try:
        backend = _backend()
        sent = backend.send_messages([letter])
    except Exception as error:  # any backend's own
        raise CannotSend(_sentence(error, backend)) from None
    finally:
        if backend is not None:
            with suppress(Exception):  # Django leaves it open if the login fails
                backend.close()
    if sent == 0:  # with `fail_silently`; None says nothing
        raise CannotSend("The mail couldn't be sent.")


def _addresses(target: str) -> list[str]:
    return list(dict.fromkeys(filter(None, _BETWEEN.split(target))))


def _domain() -> str:
    """For Message-IDs: the same for each scheduler that may try."""
    _name, at, domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")
    return domain if at and re.fullmatch(r"[A-Za-z0-9.-]+", domain) else "localhost"


def _backend() -> BaseEmailBackend:
    """What sends mail: the default of `MAILERS`, or what the settings `EMAIL_*` say."""
    backend = mail.mailers.default if django.VERSION >= (6, 1) else mail.get_connection()
    if isinstance(backend, EmailBackend) and backend.timeout is None:
        backend.timeout = SECONDS
    return backend


def _sentence(error: Exception, backend: BaseEmailBackend | None) -> str:
    """What went wrong, in one line, without addresses, names and passwords."""
    name = type(error).__name__
    code: int
    said: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [(code, said), *_others] = error.recipients.values()
    elif isinstance(error, smtplib.SMTPResponseException):
        code, said = error.smtp_code, error.smtp_error
    elif isinstance(error, TimeoutError | smtplib.SMTPServerDisconnected):  # smtplib's time-out
        return "The mail server didn't answer in time, or ended the connection."
    elif isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return f"The mail server can't be reached: {visible(error.strerror or name)}."
    else:  # its text may hold anything
        return f"The mail couldn't be sent ({name})."
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return f"The mail server refused it ({name}, {code}): {_scrubbed(text, backend)}"


def _scrubbed(text: str, backend: BaseEmailBackend | None) -> str:
    if isinstance(backend, EmailBackend):
        for secret in filter(None, (backend.password, backend.username)):
            text = text.replace(secret, _HIDDEN)
    said = visible(" ".join(_ADDRESS.sub(_HIDDEN, text).split()))
    return f"{said[: _MOST_SAID - 1]}…" if len(said) > _MOST_SAID else said
