"""The bar of an execution: what it draws, and what it says to who can't see it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from countjobs.admin.drawings.course import WIDTH, course
from countjobs.models import Execution
from countjobs.models.executions import Status
from tests.support.factories import NOON, SECOND


def drawn(
    started: float | None,
    finished: float | None,
    now: float = 60,
    status: Status = Status.SUCCEEDED,
) -> str:
    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else NOON + timedelta(seconds=seconds)

    execution = Execution(
        status=status, scheduled_at=NOON, started_at=at(started), finished_at=at(finished)
    )
    return str(course(execution, NOON + now * SECOND))


def rects(svg: str) -> list[tuple[str, int, int]]:
    found = re.findall(r'<rect class="countjobs-course-(\w+)" x="(\d+)" y="0" width="(\d+)"', svg)
    return [(look, int(x), int(width)) for look, x, width in found]


def label(svg: str) -> str:
    found = re.search(r'role="img" aria-label="([^"]*)"', svg)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("started", "finished", "parts", "words"),
    [
        (1, 4, [("late", 0, 150), ("succeeded", 150, 450)], "1.0 s late, ran for 3.0 s"),
        (0, 4, [("succeeded", 0, 600)], "0 ms late, ran for 4.0 s"),
        (4, 4, [("late", 0, 600)], "4.0 s late, ran for 0 ms"),
        (0, 0, [("late", 0, 600)], "0 ms late, ran for 0 ms"),
        (-1, 4, [("succeeded", 0, 600)], "ran for 5.0 s"),
        (0.001, 3600, [("late", 0, 3), ("succeeded", 3, 597)], "1 ms late, ran for 59 min 59 s"),
        (3600, 3600.001, [("late", 0, 597), ("succeeded", 597, 3)], None),
    ],
)
def test_the_parts_are_as_long_as_they_took_and_none_vanishes(
    started: float, finished: float, parts: list[tuple[str, int, int]], words: str | None
) -> None:
    svg = drawn(started, finished)
    assert rects(svg) == parts
    assert sum(width for _look, _x, width in rects(svg)) == WIDTH
    assert words is None or label(svg) == words


def test_what_goes_on_is_drawn_until_now() -> None:
    svg = drawn(15, None, now=60, status=Status.RUNNING)
    assert rects(svg) == [("late", 0, 150), ("running", 150, 450)]
    assert label(svg) == "15.0 s late, running for 45.0 s"


def test_what_waits_is_late_until_now() -> None:
    svg = drawn(None, None, now=60, status=Status.QUEUED)
    assert rects(svg) == [("late", 0, 600)]
    assert label(svg) == "waiting for 1 min 0 s"


def test_what_never_began_has_no_bar() -> None:
    assert drawn(None, 5, status=Status.MISSED) == ""


def test_what_is_due_in_the_future_has_no_bar_yet() -> None:
    assert drawn(None, None, now=-60, status=Status.QUEUED) == ""


def test_a_retry_is_late_only_from_when_it_might_begin() -> None:
    retry = Execution(status=Status.QUEUED, scheduled_at=NOON, not_before=NOON + 60 * SECOND)
    assert str(course(retry, NOON + 30 * SECOND)) == ""
    assert label(str(course(retry, NOON + 62 * SECOND))) == "waiting for 2.0 s"
    retry.started_at = NOON + 63 * SECOND
    assert retry.lateness == 3 * SECOND
