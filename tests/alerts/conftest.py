"""For tests that send to servers on this machine, which are private."""

from __future__ import annotations

import pytest
from pytest_django import Settings


@pytest.fixture
def private_allowed(settings: Settings) -> None:
    settings.COUNTJOBS = {**settings.COUNTJOBS, "ALERT_PRIVATE_ADDRESSES": True}
