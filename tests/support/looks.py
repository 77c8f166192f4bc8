"""What reckoning with fire times costs, counted in questions to calendars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from countjobs.triggers import catchup
from countjobs.triggers.calendar import CronCalendar


def count_looks(monkeypatch: pytest.MonkeyPatch, *names: str) -> Iterator[list[str]]:
    """For a fixture: the names of the calendars' methods that were called, of these.

    What is remembered of one test's triggers is of no use to another here.
    """
    looked: list[str] = []
    monkeypatch.setattr(catchup, "_due_of_known", catchup._due_of)
    for name in names:
        original = getattr(CronCalendar, name)

        def counting(*args: Any, name: str = name, original: Any = original) -> Any:
            looked.append(name)
            return original(*args)

        monkeypatch.setattr(CronCalendar, name, counting)
    yield looked
    assert looked, "nothing was counted"
