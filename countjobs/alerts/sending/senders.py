"""The kinds of channels."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Protocol

from countjobs.alerts.message import Message
from countjobs.alerts.sending.apprise_url import AppriseSender
from countjobs.alerts.sending.mail import MailSender
from countjobs.alerts.sending.webhook import WebhookSender


class Sender(Protocol):
    """What sends messages to the channels of one kind."""

    def check_target(self, target: str) -> None:
        """Check where messages are to go. Raises ValidationError."""

    def hint(self, target: str) -> str:
        """What may be shown of a target, without its secrets. Raises nothing."""

    def send(self, target: str, key: str, message: Message) -> None:
        """Try once, within a minute. Raises countjobs.alerts.sending.errors.CannotSend.

        `key` signs the message, where the kind has signatures.
        """


@cache
def senders() -> dict[str, Sender]:
    """Each kind, by its stored name. Apprise is there if it is installed."""
    found: dict[str, Sender] = {"mail": MailSender(), "webhook": WebhookSender()}
    if find_spec("apprise"):
        found["apprise"] = AppriseSender()
    return found
