"""The drawing of how long runs took."""

from __future__ import annotations

import re
from datetime import UTC

import pytest

from countjobs.admin.drawings.durations import MOST_BARS, duration_chart
from countjobs.models import Execution
from countjobs.models.executions import Status
from tests.support.factories import executed

pytestmark = pytest.mark.django_db


def bars(svg: str) -> list[str]:
    return re.findall(r"<g .*?</g>", svg)


def test_the_drawing_has_a_bar_each_oldest_first_and_the_longest_is_the_highest() -> None:
    svg = duration_chart([executed(1, took=4), executed(2, took=1)], UTC)
    older, newer = bars(svg)
    assert 'height="18.0"' in older
    assert 'height="72.0"' in newer
    assert "2026-03-04 11:59:00 UTC · ✓ succeeded · 4.0 s" in newer


def test_what_did_not_succeed_is_marked_beside_its_colour() -> None:
    well, badly = bars(duration_chart([executed(1, Status.FAILED), executed(2)], UTC))
    assert well.count("<rect") == 1
    assert badly.count("<rect") == 2
    assert "countjobs-failed" in badly
    assert "✗ failed" in badly


def test_the_drawing_is_told_in_words() -> None:
    runs = [executed(1), executed(2, took=3), executed(3, Status.MISSED, took=None)]
    label = re.search(r'role="img" aria-label="([^"]*)"', duration_chart(runs, UTC))
    assert label
    assert "The shortest took 1.0 s, the longest 3.0 s. Runs that did not succeed: 1." in label[1]


@pytest.mark.parametrize(
    "runs",
    [
        [],
        [executed(1, Status.MISSED, took=None)],
        [executed(1, took=0)],
        [executed(1, took=-5), executed(2, took=1e9)],
        [executed(number) for number in range(MOST_BARS + 50)],
    ],
)
def test_any_durations_can_be_drawn(runs: list[Execution]) -> None:
    svg = duration_chart(runs, UTC)
    assert len(bars(svg)) == min(len(runs), MOST_BARS)
    assert not re.search(r'="-|nan|inf', svg)
