"""Listening to the changes of jobs: each becomes alerts, in the transaction that records it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from countjobs import signals
from countjobs.alerts.events import Event
from countjobs.alerts.outbox import write
from countjobs.signals import Change


def connect() -> None:
    """Begin to listen."""
    signals.job_failed.connect(_failed)
    signals.job_recovered.connect(_recovered)
    signals.job_silent.connect(_silent)
    signals.job_no_longer_silent.connect(_no_longer_silent)
    signals.job_paused_itself.connect(_paused_itself)
    signals.job_broke.connect(_broke)
    signals.job_mended.connect(_mended)


def _failed(changes: Sequence[Change], **_: Any) -> None:
    write(Event.FAILED, changes)


def _recovered(changes: Sequence[Change], **_: Any) -> None:
    write(Event.RECOVERED, changes, recovered_from=Event.FAILED)


def _silent(changes: Sequence[Change], **_: Any) -> None:
    write(Event.SILENT, changes)


def _no_longer_silent(changes: Sequence[Change], **_: Any) -> None:
    write(Event.RECOVERED, changes, recovered_from=Event.SILENT)


def _paused_itself(changes: Sequence[Change], **_: Any) -> None:
    write(Event.PAUSED, changes)


def _broke(changes: Sequence[Change], **_: Any) -> None:
    write(Event.BROKE, changes)


def _mended(changes: Sequence[Change], **_: Any) -> None:
    write(Event.RECOVERED, changes, recovered_from=Event.BROKE)
