"""The database being away: what is tried again, and how often that is told."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from django.db import DataError, OperationalError, connection

from countjobs.database import outages
from countjobs.database.outages import TELL_SECONDS, Outage, try_twice

logger = logging.getLogger(__name__)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done, in its order."""
    calls: list[str] = []
    monkeypatch.setattr(connection, "close", lambda: calls.append("close"))
    return calls


def try_it(calls: list[str], *errors: Exception) -> Outage:
    """Try a step that raises these, one at each try."""
    left, outage = list(errors), Outage()

    def step() -> None:
        calls.append("try")
        if left:
            raise left.pop(0)

    try:
        try_twice(step)
    except Exception as error:
        calls.append("tell")
        outage.goes_on(logger, error, "It failed")
    return outage


def test_where_just_the_connection_broke_nobody_hears_of_it(calls: list[str]) -> None:
    assert try_it(calls, OperationalError("away")).reason == ""
    assert calls == ["try", "close", "try"]


def test_an_outage_closes_the_connection_and_says_why(calls: list[str]) -> None:
    outage = try_it(calls, OperationalError("away"), OperationalError("still away"))
    assert outage.reason.endswith("OperationalError: still away")
    assert calls == ["try", "close", "try", "close", "tell", "close"]


def test_what_is_refused_is_not_tried_twice(calls: list[str]) -> None:
    try_it(calls, DataError("too long"))
    assert calls == ["try", "tell", "close"]


def test_it_is_told_once_a_minute_and_anew_after_it_is_over(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(outages, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    outage = Outage()
    for seconds in (0, TELL_SECONDS - 1, TELL_SECONDS):
        clock[0] = seconds
        outage.tell(logger, OperationalError("away"), "%s failed", "It")
    assert caplog.messages == ["It failed: away"] * 2
    outage.is_over()
    outage.tell(logger, OperationalError("away"), "It failed")
    assert len(caplog.messages) == 3


def test_a_log_handler_that_raises_keeps_nobody_from_going_on(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("the handler is broken")

    monkeypatch.setattr(logger, "warning", broken)
    assert try_it(calls, ValueError("ours")).reason == "ValueError: ours"
    assert calls == ["try", "tell", "close"]
