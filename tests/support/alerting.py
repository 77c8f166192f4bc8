"""Channels and alerts for tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from countjobs.alerts.message import Message
from countjobs.alerts.models import Alert, AlertChannel
from countjobs.alerts.sending.errors import CannotSend
from tests.support.factories import NOON

SECRET = "topsecretpath"  # it is looked for in what must not show it
SECRET_KEY = "whsec_dG9wc2VjcmV0a2V5"
URL = f"https://hooks.example.com/{SECRET}"


def make_channel(name: str = "ops", **fields: Any) -> AlertChannel:
    """A webhook."""
    return AlertChannel.objects.create(**{"name": name, "kind": "webhook", "target": URL, **fields})


def make_alert(channel: AlertChannel | None, at: datetime = NOON, **fields: Any) -> Alert:
    """A job that failed, unless told otherwise."""
    values = {"event": "failed", "job_id": "code", "job_name": "code", "since": at}
    name = channel.name if channel else "gone"
    return Alert.objects.create(
        channel=channel, channel_name=name, created_at=at, **{**values, **fields}
    )


def unsaved(event: str = "failed", number: int = 0, **fields: Any) -> Alert:
    """An alert that is in no table."""
    values = {"job_id": f"code{number}", "job_name": f"code {number}", "since": NOON}
    return Alert(
        event=event, channel_name="ops", created_at=NOON, message=uuid4(), **{**values, **fields}
    )


class FakeSender:
    """Takes messages, or raises what it was told to."""

    label = "fake"

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.errors: dict[str, Exception] = {}

    def check_target(self, target: str) -> None:
        """Anything goes."""

    def hint(self, target: str) -> str:
        return "…"

    def send(self, target: str, key: str, message: Message) -> None:
        self.sent.append((target, message))
        if target in self.errors:
            raise self.errors[target]

    def refuse(self, target: str = URL, error: Exception | None = None) -> None:
        self.errors[target] = error or CannotSend("The server answered 500.")

    def messages(self) -> list[Message]:
        return [message for _target, message in self.sent]
