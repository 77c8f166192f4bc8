"""Intervals and single moments in words, and what they warn of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils.translation import override

from countjobs.triggers import IntervalTrigger, OnceTrigger
from countjobs.triggers.sentences.interval_words import interval_sentence, once_sentence
from countjobs.triggers.warnings import schedule_warnings

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
WALL = datetime(2026, 11, 29, 9, 30)
HOUR, DAY = 3_600, 86_400

WORDS = [
    (1, "every second", "毎秒"),
    (90, "every 90 seconds", "90秒ごと"),
    (60, "every minute", "毎分"),
    (5_400, "every 90 minutes", "90分ごと"),
    (HOUR, "every hour", "1時間ごと"),
    (36 * HOUR, "every 36 hours", "36時間ごと"),
    (DAY, "every day at 09:30", "毎日09:30"),
    (14 * DAY, "every 14 days at 09:30", "14日ごとの09:30"),
]


@pytest.mark.parametrize(("every", "english", "japanese"), WORDS)
def test_an_interval_in_words(every: int, english: str, japanese: str) -> None:
    assert interval_sentence(every, WALL) == english
    with override("ja"):
        assert interval_sentence(every, WALL) == japanese


def test_seconds_are_told_where_there_are_any() -> None:
    assert interval_sentence(DAY, WALL.replace(second=5)) == "every day at 09:30:05"
    assert once_sentence(WALL.replace(second=5)) == "once, on 2026-11-29 at 09:30:05"


def test_a_single_moment_in_words() -> None:
    assert once_sentence(WALL) == "once, on 2026-11-29 at 09:30"
    with override("ja"):
        assert once_sentence(WALL) == "1回だけ、2026-11-29の09:30"


def warned(every: int, zone: str = "Europe/Berlin", **bounds: Any) -> list[str]:
    start = datetime(2026, 11, 29, 1, 30, tzinfo=UTC)  # 02:30 in Berlin
    return schedule_warnings(IntervalTrigger(every, zone, start=start, **bounds), NOW)


def test_an_interval_that_names_times_of_day_is_moved_by_the_first_clock_change() -> None:
    assert warned(12 * HOUR) == [
        "On 2027-03-28 the clock goes forward. An interval counts the time that passes, so from "
        "then on the job runs later by the clock, by 60 minutes."
    ]
    (text,) = warned(12 * HOUR, "Australia/Lord_Howe")
    assert text.startswith("On 2027-04-04 the clock goes back.")
    assert text.endswith("earlier by the clock, by 30 minutes.")


@pytest.mark.parametrize("every", [300, HOUR, 7 * HOUR, 36 * HOUR, 90])
def test_one_that_shows_no_difference_or_names_no_times_of_day_warns_of_nothing(every: int) -> None:
    assert warned(every) == []


def test_half_an_hour_moves_what_comes_every_hour() -> None:
    assert len(warned(HOUR, "Australia/Lord_Howe")) == 1
    assert warned(1_800, "Australia/Lord_Howe") == []


def test_what_has_ended_by_then_or_has_no_clock_changes_warns_of_nothing() -> None:
    assert warned(12 * HOUR, end=datetime(2027, 1, 1, tzinfo=UTC)) == []
    assert warned(12 * HOUR, "Asia/Tokyo") == []


def test_one_of_whole_days_keeps_its_time_of_day_and_warns_as_a_time_of_day_does() -> None:
    assert warned(DAY) == [
        "On 2027-03-28 the clock skips 02:30. The job runs at 03:30 instead.",
        "On 2027-10-31 the clock shows 02:30 twice. The job runs only the first time.",
    ]
    assert warned(2 * DAY) == [
        "On 2027-10-31 the clock shows 02:30 twice. The job runs only the first time.",
    ]


def test_every_second_is_often_and_a_single_moment_warns_of_nothing() -> None:
    assert warned(1) == ["The job runs every second: 86,400 runs a day."]
    assert schedule_warnings(OnceTrigger(NOW, "Europe/Berlin"), NOW) == []
