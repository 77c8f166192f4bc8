"""Signals that ask a command to end, at whatever moment they arrive."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

import pytest

from countjobs.management.stopping import SIGNALS, StopSignals


@pytest.fixture
def stop() -> StopSignals:
    return StopSignals()


def test_nobody_asks_for_an_end(stop: StopSignals) -> None:
    assert not stop.wait(0.01)


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_asks_for_an_end(stop: StopSignals, signum: signal.Signals) -> None:
    signal.raise_signal(signum)
    assert stop.wait(60)


def test_a_second_signal_ends_the_process(
    stop: StopSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    exits: list[int] = []
    monkeypatch.setattr(os, "_exit", exits.append)
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert exits == [128 + signal.SIGTERM]


def test_line_26_a_closed_terminal_s_second_sighup_ends_nothing(
    stop: StopSignals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 8, line 26: the terminal sends one, and the shell another one."""
    exits: list[int] = []
    monkeypatch.setattr(os, "_exit", exits.append)
    for _ in range(3):
        signal.raise_signal(signal.SIGHUP)
    assert stop.wait(60)
    assert exits == []


@pytest.mark.parametrize("signum", SIGNALS)
def test_line_12_a_signal_that_was_ignored_stays_ignored(signum: signal.Signals) -> None:
    """Issue 8, line 12: nohup."""
    signal.signal(signum, signal.SIG_IGN)
    stop = StopSignals()
    signal.raise_signal(signum)
    assert not stop.wait(0.01)
    other = next(each for each in SIGNALS if each != signum)
    signal.raise_signal(other)
    assert stop.wait(60)
    assert signal.getsignal(signum) == signal.SIG_IGN


def traced(stop: StopSignals, at: int | None) -> tuple[int, bool]:
    """Wait, with a signal before one of its lines, the library's own included.

    Gives how many there are, and what the wait says.
    """
    lines = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        if event == "line":
            if lines == at:
                lines += 1
                signal.raise_signal(signal.SIGTERM)
            else:
                lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        asked = stop.wait(0.01)
    finally:
        sys.settrace(before)
    return lines, asked


@pytest.mark.timeout(10)
def test_promise_23_a_signal_in_the_midst_of_a_wait_is_heard(stop: StopSignals) -> None:
    lines, _ = traced(stop, at=None)
    for line in range(lines):
        stop = StopSignals()
        assert traced(stop, at=line)[1] or stop.wait(60)
