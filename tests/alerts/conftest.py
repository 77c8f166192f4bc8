"""For tests of alerts."""

from __future__ import annotations

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
