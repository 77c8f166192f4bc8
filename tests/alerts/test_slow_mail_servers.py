"""Mail servers that never come to an end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from countjobs.alerts.sending import mail as sending
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.mail import MailSender
from tests.support.listening import drip, raw_server
from tests.support.sent_messages import MESSAGE
from tests.support.waiting import wait_until

SENDER = MailSender()
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def test_a_server_that_answers_one_byte_at_a_time_is_left(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte begins the time-out of the socket anew."""
    monkeypatch.setattr(sending, "MOST_SECONDS", 0.3)
    room = threading.BoundedSemaphore(1)
    monkeypatch.setattr(sending, "_room", room)
    with raw_server(drip(b"220-")) as port:
        configure(SMTP, host="127.0.0.1", port=port)
        with pytest.raises(CannotSend, match=r"took longer than 0\.3 seconds"):
            SENDER.send("ops@example.org", "", MESSAGE)
        with pytest.raises(CannotSend, match="Earlier messages still hang"):
            SENDER.send("ops@example.org", "", MESSAGE)
    wait_until(lambda: room.acquire(blocking=False))
