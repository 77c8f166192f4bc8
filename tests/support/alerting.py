"""Channels and alerts for tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from countjobs.alerts.events import EVENTS, Event
from countjobs.alerts.message import Message
from countjobs.alerts.models import Alert, AlertChannel, State
from countjobs.alerts.sending.errors import CannotSend
from countjobs.models import JobDefinition
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


def live_alerted(now: datetime, failed: dict[int, JobDefinition]) -> None:
    """Channels and alerts of every kind, about the failed runs of these definitions."""
    error = "The mail server refused it (SMTPSenderRefused, 550): " + "e" * 400
    dead = make_channel("x" * 100, pk=1, last_error=error, groups=["night " * 9], events=["failed"])
    make_channel("off", kind="mail", target="ann@example.com", enabled=False)
    fine = make_channel("fine", key=SECRET_KEY)
    for run, definition in failed.items():
        about = {"job_id": definition.job_id, "job_name": definition.name, "execution_id": run}
        given_up = {"state": State.NOT_SENT, "tries": 99, "error": error, "reason": "z" * 500}
        make_alert(dead, now, **about, **given_up)
        make_alert(fine, now, **about, state=State.SENT, sent_at=now, tries=1)
    for event in EVENTS:
        over = {"recovered_from": "failed"} if event == Event.RECOVERED else {}
        make_alert(fine, now, event=event, **over)
    make_alert(fine, now, is_reminder=True)
    make_alert(fine, now, event="test", job_id="", job_name="", since=None)


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
