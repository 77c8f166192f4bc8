"""For tests of alerts: what sends, and to servers on this machine, which are private."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django
import pytest
from pytest_django import Settings

from countjobs.alerts import dispatching
from tests.support.alerting import FakeSender


@pytest.fixture
def private_allowed(settings: Settings) -> None:
    """For tests that send to servers on this machine, which are private."""
    settings.COUNTJOBS = {**settings.COUNTJOBS, "ALERT_PRIVATE_ADDRESSES": True}


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> FakeSender:
    """What sends to webhooks; nothing else can be sent."""
    fake = FakeSender()
    monkeypatch.setattr(dispatching, "senders", lambda: {"webhook": fake})
    return fake


@pytest.fixture
def configure(settings: Settings) -> Callable[..., None]:
    """Sets what sends mail, by each Django's own means."""

    def set_up(backend: str, **options: Any) -> None:
        if django.VERSION >= (6, 1):
            settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
            return
        names = {"username": "HOST_USER", "password": "HOST_PASSWORD"}
        settings.EMAIL_BACKEND = backend
        for name, value in options.items():
            setattr(settings, f"EMAIL_{names.get(name, name.upper())}", value)

    return set_up
