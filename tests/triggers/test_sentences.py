"""Schedules in words, in both languages."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import product

import pytest
from django.utils.translation import override

from countjobs.triggers import CRON_DEFAULTS, CronFieldError
from countjobs.triggers.calendar import CronCalendar
from countjobs.triggers.sentences import sentence
from tests.support.paths import ROOT

LINES = (ROOT / "tests/support/sentence_table.txt").read_text("utf-8").splitlines()
TABLE = [
    (dict(field.split("=") for field in fields.split("; ")), english, japanese)
    for fields, english, japanese in (line.split(" | ") for line in LINES)
]
"""Schedules, blank fields left out, and what is said of each in English and in Japanese."""

ENGLISH = re.compile(r"[A-Za-z]+")

TIMES: dict[str, list[str]] = {
    "hour": ["*", "*/2", "1-23/2", "*/5", "9", "9-17", "9-12,14-18", "0-3,9", "8-20/3", "9,17"],
    "minute": ["*", "*/5", "5-59/10", "*/7", "*/30", "15,45", "0-29", "0", "30", "0,20,50"],
    "second": ["0", "15", "*", "*/5", "5-59/10", "*/7", "0,30", "10,25,30", "0-9"],
}
DATES: dict[str, list[str]] = {
    "year": ["*", "2027", "2027-2029", "2027/2"],
    "month": ["*", "1", "1,7", "1-3", "*/3"],
    "week": ["*", "10", "10-20", "*/2"],
    "day": ["*", "1", "1,15", "1-7", "*/2", "last", "last fri", "2nd mon,last", "1,1st mon"],
    "day_of_week": ["*", "mon", "mon-fri", "mon,wed-fri", "sat,sun"],
}


def said(language: str, **fields: str) -> str:
    with override(language):
        return sentence(CRON_DEFAULTS | fields)


def test_there_are_enough_schedules_and_none_twice() -> None:
    assert len(TABLE) >= 80
    assert len({tuple(sorted(fields.items())) for fields, _en, _ja in TABLE}) == len(TABLE)


@pytest.mark.parametrize(("fields", "english", "japanese"), TABLE, ids=str)
def test_a_schedule_in_words(fields: dict[str, str], english: str, japanese: str) -> None:
    assert said("en", **fields) == english
    assert said("ja", **fields) == japanese


def test_it_is_what_matches_that_counts_and_not_how_it_is_written() -> None:
    assert said("en", minute="45,0,30,15") == said("en", minute="*/15")
    assert said("en", day_of_week="0-4", hour="0-23") == said("en", day_of_week="mon-fri")


def test_an_expression_that_is_none_is_an_error() -> None:
    with pytest.raises(CronFieldError):
        said("en", hour="25")


@pytest.mark.parametrize("pool", [TIMES, DATES], ids=["times", "dates"])
def test_no_two_schedules_that_differ_are_told_alike(pool: dict[str, list[str]]) -> None:
    told: dict[tuple[str, str], dict[str, str]] = {}
    for texts in product(*pool.values()):
        fields = dict(zip(pool, texts, strict=True))
        for language in ("en", "ja"):
            words = said(language, **fields)
            assert told.setdefault((language, words), fields) == fields
    assert len(told) > 1_500


def test_a_japanese_sentence_holds_no_english() -> None:
    pools = ((pool, texts) for pool in (TIMES, DATES) for texts in product(*pool.values()))
    for pool, texts in pools:
        words = said("ja", **dict(zip(pool, texts, strict=True)))
        assert set(ENGLISH.findall(words)) <= {"ISO"}


@pytest.mark.parametrize(("fields", "english", "japanese"), TABLE, ids=str)
def test_the_clock_has_24_hours_and_each_time_that_is_named_is_one_of_the_schedule(
    fields: dict[str, str], english: str, japanese: str
) -> None:
    expressions = CRON_DEFAULTS | fields | dict.fromkeys(("year", "month", "day", "week"), "*")
    calendar = CronCalendar(expressions | {"day_of_week": "*"})
    for words in (english, japanese):
        for hour, minute, second in re.findall(r"(\d\d):(\d\d)(?::(\d\d))?", words):
            wall = datetime(2026, 3, 4, int(hour), int(minute), int(second or 0))
            assert calendar.next_wall(wall) == wall
    assert not re.search(r"\b[ap]\.?m\b|午", english + japanese)
