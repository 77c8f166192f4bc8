"""The eight cron expressions: APScheduler's language, and one way to write each down."""

from __future__ import annotations

import pytest
from apscheduler.triggers.cron import CronTrigger

from countjobs.triggers import CRON_DEFAULTS, CronFieldError, normalise_expression
from countjobs.triggers.expressions import parse


@pytest.mark.parametrize(
    ("name", "text", "normal"),
    [
        ("second", "*/5", "*/5"),
        ("second", "*/05", "*/5"),
        ("second", " 7 ", "7"),
        ("second", "00", "0"),
        ("minute", "0,15 , 30,45", "0,15,30,45"),
        ("minute", "10-20/5", "10-20/5"),
        ("minute", "5/10", "5/10"),
        ("minute", "5,5,*/2,5", "5,*/2"),
        ("minute", "٣", "3"),  # a digit, in Arabic
        ("hour", "9-17", "9-17"),
        ("hour", "8-8", "8"),
        ("day", "LAST", "last"),
        ("day", "2nd mon", "2nd mon"),
        ("day", "2ND   MON", "2nd mon"),
        ("day", "Last Fri", "last fri"),
        ("day", "1,15,last,3rd wed", "1,15,last,3rd wed"),
        ("month", "JAN-Mar", "jan-mar"),
        ("month", "1-3,oct", "1-3,oct"),
        ("month", "*/3", "*/3"),
        ("week", "1-53/2", "1-53/2"),
        ("year", "2026-2030", "2026-2030"),
        ("year", "2199", "2199"),
        ("day_of_week", "0-4", "mon-fri"),
        ("day_of_week", "6", "sun"),
        ("day_of_week", "0-6/2", "mon,wed,fri,sun"),
        ("day_of_week", "1/3", "tue,fri"),
        ("day_of_week", "0,mon,0-0", "mon"),
        ("day_of_week", "*/2", "*/2"),
        ("day_of_week", "Mon-FRI,sun", "mon-fri,sun"),
    ],
)
def test_an_expression_has_one_normal_form(name: str, text: str, normal: str) -> None:
    assert normalise_expression(name, text) == normal
    assert normalise_expression(name, normal) == normal


@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
def test_a_blank_expression_is_the_default_and_nothing_implied(blank: str) -> None:
    normal = {name: normalise_expression(name, blank) for name in CRON_DEFAULTS}
    assert normal == {**dict.fromkeys(CronTrigger.FIELD_NAMES, "*"), "second": "0"}


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("second", "60", "from 0 to 59"),
        ("second", "-1", "Examples"),
        ("second", "*/0", "from 0 to 59"),
        ("second", "*/60", "from 0 to 59"),
        ("second", "0-10/11", "from 0 to 59"),
        ("second", "5/", "Examples"),
        ("second", "1.5", "Examples"),
        ("second", "1 2", "Examples"),
        ("second", "1;2", "Examples"),
        ("second", "²", "Examples"),
        ("second", "9" * 200, "from 0 to 59"),
        ("second", "9" * 5000, "from 0 to 59"),
        ("second", "*/" + "9" * 5000, "from 0 to 59"),
        ("second", "1,,2", "comma"),
        ("second", ",", "comma"),
        ("minute", "50-10", "50-59,0-10"),
        ("hour", "24", "from 0 to 23"),
        ("hour", "22-2", "22-23,0-2"),
        ("hour", "noon", "Examples"),
        ("day", "0", "from 1 to 31"),
        ("day", "32", "from 1 to 31"),
        ("day", "6th mon", "Examples"),
        ("day", "2nd", "Examples"),
        ("day", "2nd foo", "Examples"),
        ("day", "2nd mon!", "Examples"),
        ("day", "last friday", "Examples"),
        ("day", "l", "Examples"),
        ("day", "?", "Examples"),
        ("month", "january", "Examples"),
        ("month", "13", "from 1 to 12"),
        ("month", "nov-feb", "nov-dec,jan-feb"),
        ("month", "jan-mar/2", "Write a list"),
        ("week", "54", "from 1 to 53"),
        ("week", "0", "from 1 to 53"),
        ("year", "1969", "from 1970 to 2199"),
        ("year", "2200", "from 1970 to 2199"),
        ("year", "2026-9999", "from 1970 to 2199"),
        ("day_of_week", "7", "0 (mon) to 6 (sun)"),
        ("day_of_week", "mon-fri/2", "Write a list"),
        ("day_of_week", "fri-mon", "fri-sun,mon-mon"),
        ("day_of_week", "last fri", "field “day”"),
        ("day_of_week", "2nd mon", "field “day”"),
        ("day_of_week", "monday", "Examples"),
        ("day_of_week", "mon#2", "Examples"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_way_out(name: str, text: str, hint: str) -> None:
    with pytest.raises(CronFieldError) as refused:
        normalise_expression(name, text)
    assert hint in str(refused.value)


@pytest.mark.parametrize("text", ["fri-sun,mon-mon", "22-23,0-2", "nov-dec,jan-feb"])
def test_the_list_that_is_offered_for_a_wrapped_range_is_understood(text: str) -> None:
    name = {"f": "day_of_week", "2": "hour", "n": "month"}[text[0]]
    assert normalise_expression(name, text)


def test_no_normal_form_of_weekdays_outgrows_its_column() -> None:
    single = [*"0123456", "mon", "*", "*/2", "*/3", "*/4", "*/5", "*/6"]
    ranges = [f"{first}-{last}" for first in range(7) for last in range(first, 7)]
    stepped = [f"{first}/{step}" for first in range(6) for step in range(1, 7 - first)]
    normal = normalise_expression("day_of_week", ",".join(single + ranges + stepped))
    assert len(normal) <= 255


@pytest.mark.parametrize("name", CronTrigger.FIELD_NAMES)
def test_the_parts_of_an_expression_are_apscheduler_s(name: str) -> None:
    (part,) = parse(name, "")
    (expected,) = CronTrigger.FIELDS_MAP[name](name, CRON_DEFAULTS[name]).expressions
    assert part == expected
