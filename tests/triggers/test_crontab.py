"""Crontab lines that are pasted: each is filled in right, or refused with words that help."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from countjobs.models import CountJob
from countjobs.triggers import CRON_DEFAULTS, ScheduleTrigger
from countjobs.triggers.crontab import CrontabError, read_crontab
from tests.support.crontab_lines import FILLED, REFUSED
from tests.support.oracle import fires
from tests.support.strategies import steadily

BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
END = datetime(2029, 1, 1, tzinfo=UTC)  # with a leap day in between
YEARS = timedelta(days=365) + timedelta(days=366)
SECOND = timedelta(seconds=1)
MOST_WALKED = 20_000

Filled = tuple[str, dict[str, str], str]


def spoken(line: str, instead: str) -> str:
    """The line as the other library is asked."""
    return " ".join(line.split()[:5]) if instead == "5" else instead or line


def by_cronsim(line: str, first: datetime, end: datetime) -> list[datetime]:
    found: Any = CronSim(line, first - SECOND)
    return list(takewhile(lambda fire: fire < end, found))


def windows(trigger: ScheduleTrigger) -> list[tuple[datetime, datetime]]:
    """All of the two years, or of a schedule that fires too often to walk these, every 61st day."""
    if trigger.count_fires(BEGIN - SECOND, END) <= MOST_WALKED:
        return [(BEGIN, END)]
    day = timedelta(days=1)
    return [(BEGIN + n * day, BEGIN + (n + 1) * day) for n in range(0, YEARS.days, 61)]


def test_there_are_enough_lines_and_none_twice() -> None:
    lines = [line for line, *_rest in [*FILLED, *REFUSED]]
    assert min(len(FILLED), len(REFUSED)) >= 60
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("case", FILLED, ids=lambda case: ascii(case[0]))
def test_a_line_fills_the_fields(case: Filled) -> None:
    line, fields, _instead = case
    expected = CRON_DEFAULTS | fields
    filled = read_crontab(line).fields
    assert filled == expected
    CountJob(name="a", **filled).full_clean(validate_unique=False, validate_constraints=False)
    assert list(filled) == list(CRON_DEFAULTS)


@pytest.mark.parametrize("case", FILLED, ids=lambda case: ascii(case[0]))
def test_a_line_fires_when_another_library_says_for_two_years(case: Filled) -> None:
    line, _fields, instead = case
    trigger = ScheduleTrigger(read_crontab(line).fields, "UTC")
    walked = 0
    for first, end in windows(trigger):
        expected = by_cronsim(spoken(line, instead), first, end)
        assert fires(trigger, first, end - SECOND) == expected
        walked += len(expected)
    assert walked


@pytest.mark.parametrize(("line", "says"), REFUSED, ids=lambda value: ascii(value[:40]))
def test_a_line_is_refused_with_words_that_help(line: str, says: str) -> None:
    with pytest.raises(CrontabError) as refused:
        read_crontab(line)
    message = str(refused.value)
    assert says in message
    assert len(message) < 400
    message.encode()


@pytest.mark.parametrize("line", ["0 0 13 * 5", "*/5 9 1-7 jan mon-fri", "0 0 1-31 * sun"])
def test_the_two_lines_instead_of_one_that_restricts_both_days_are_filled(line: str) -> None:
    with pytest.raises(CrontabError) as refused:
        read_crontab(line)
    two = str(refused.value).split("“")[1:]
    both = [ScheduleTrigger(read_crontab(part.split("”")[0]).fields, "UTC") for part in two]
    end = BEGIN + timedelta(days=120)
    found = {fire for trigger in both for fire in fires(trigger, BEGIN, end - SECOND)}
    assert sorted(found) == by_cronsim(line, BEGIN, end)


@pytest.mark.parametrize(
    "line", ["5/15 * * * *", "0 0 * * 6-1", "0 0 1 nov-feb *", "0 22-2 * * *", "0 0 * * monday"]
)
def test_what_a_refusal_says_to_write_is_filled(line: str) -> None:
    with pytest.raises(CrontabError) as refused:
        read_crontab(line)
    message = str(refused.value)
    wrong, better = (part.split("”")[0] for part in message.split("“")[1:3])
    read_crontab(line.replace(wrong, better))


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("0 9 * * *", ""),
        ("0 9 * * 1  root  backup --all", "root  backup --all"),
        ("0 9 * * * # at nine", "# at nine"),
        ("@daily  backup x", "backup x"),
        ("0 9 * * * 7z a b", "7z a b"),
        *((f"0 9 * * *\t{name}", name) for name in ("dec", "L", "mon", "JAN", "W", "LW", "mon-x")),
        ("0 9 * * * dec --all > /dev/null", "dec --all > /dev/null"),
        ("0 9 * * * L", "L"),
        ("0 9 * * * #", "#"),
        ("17 *\t* * *\troot    cd / && run-parts", "root    cd / && run-parts"),
        ("0 9 * * * date '+%Y'", "date '+%Y'"),
    ],
)
def test_a_command_is_left_out_and_told(line: str, command: str) -> None:
    """Issue 8, line 32: a command may be named like a month, a weekday, or a last day."""
    assert read_crontab(line).command == command


ZONED = [
    ("CRON_TZ=Asia/Tokyo\n0 9 * * *", "Asia/Tokyo"),
    ("CRON_TZ = Asia/Tokyo\n0 9 * * * backup", "Asia/Tokyo"),
    ("TZ=Asia/Tokyo 0 9 * * *", "Asia/Tokyo"),
    ("CRON_TZ=Asia/Tokyo 0 9 * * *", "Asia/Tokyo"),
    ("'CRON_TZ=Asia/Tokyo 0 9 * * *'", "Asia/Tokyo"),
    ("CRON_TZ=Asia/Tokyo @daily", "Asia/Tokyo"),
    ('TZ="Europe/Berlin"\n0 9 * * *', "Europe/Berlin"),
    ("TZ=:Europe/Berlin\n0 9 * * *", "Europe/Berlin"),
    ("CRON_TZ=Asia/Tokyo\nTZ=UTC\n0 9 * * *", "Asia/Tokyo"),
    ("CRON_TZ=Asia/Tokyo\nCRON_TZ=UTC\n0 9 * * *", "UTC"),
    ("CRON_TZ=Asia/Tokyo\nCRON_TZ=\n0 9 * * *", ""),
    ("CRON_TZ=Asia/Tokyo # of the office\n0 9 * * *", "Asia/Tokyo"),
    ("0 9 * * *\nCRON_TZ=Asia/Tokyo", ""),
    ("MAILTO=root\nPATH=/bin:/usr/bin\nSHELL = /bin/sh\n# nine\n0 9 * * *", ""),
    ('MAILTO="a@b.c"\nCRON_TZ=UTC\nHOME=/ \n0 9 * * *', "UTC"),
    ("0 9 * * * TZ=Asia/Tokyo backup", ""),
]


@pytest.mark.parametrize(("text", "zone"), ZONED)
def test_a_zone_that_is_set_before_a_schedule_is_its_zone(text: str, zone: str) -> None:
    """Issue 8, line 32: as cronie has it, a setting counts for the lines after it."""
    crontab = read_crontab(text)
    assert crontab.zone == zone
    assert ("timezone" in crontab.values) == bool(zone)
    assert crontab.values.get("timezone", "") == zone


@given(st.text(max_size=60) | st.from_regex(r"\A([0-9*/,a-z@#?L-]{1,8} ){4,6}[0-9*,-]{1,5}\Z"))
@steadily
def test_whatever_is_pasted_is_filled_or_refused(text: str) -> None:
    try:
        filled = read_crontab(text).fields
    except CrontabError:
        return
    ScheduleTrigger(filled, "UTC")
