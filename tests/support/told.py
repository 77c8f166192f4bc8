"""What the core announces: each change of a job's state, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.dispatch import Signal

from countjobs import signals
from countjobs.signals import Change

SIGNALS = {
    "failed": signals.job_failed,
    "recovered": signals.job_recovered,
    "silent": signals.job_silent,
    "no longer silent": signals.job_no_longer_silent,
    "paused itself": signals.job_paused_itself,
    "broke": signals.job_broke,
    "mended": signals.job_mended,
}


class Told:
    """What was announced."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Change]] = []

    def hear(self, signal: Signal, changes: Sequence[Change], **_: Any) -> None:
        (name,) = (name for name, known in SIGNALS.items() if known is signal)
        self.all += [(name, change) for change in changes]

    def names(self) -> list[str]:
        return [name for name, _change in self.all]

    def of(self, name: str) -> list[Change]:
        return [change for known, change in self.all if known == name]


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    for signal in SIGNALS.values():
        signal.connect(told.hear)
    yield told
    for signal in SIGNALS.values():
        signal.disconnect(told.hear)
