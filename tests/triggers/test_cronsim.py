"""Fire times compared with another implementation of cron, for what both can say.

cronsim follows Debian's cron. Its rule for a dropped hour differs (it runs at the first minute
after the gap), and with a fixed hour and `*` minutes so does the one for a repeated hour; there the
oracle is what we are compared with.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from tests.support.oracle import RANGES, STEADY_ZONES, transitions, trigger
from tests.support.strategies import steadily

FIELDS = ("minute", "hour", "day", "month", "day_of_week")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
COUNT = 25
HOURLY_ZONES = ["America/New_York", "Europe/London", "Australia/Sydney"]


@st.composite
def parts(draw: st.DrawFn, name: str, *, star: bool = True) -> str:
    """A list of numbers, ranges and steps, in words that both understand."""
    least, most = RANGES[name]
    first = draw(st.integers(least, most - 1))
    last = draw(st.integers(first + 1, most))
    step = draw(st.integers(1, last - first))
    kinds = [str(first), f"{first}-{last}", f"{first}-{last}/{step}"]
    return draw(st.sampled_from([*kinds, "*", f"*/{step}"] if star else kinds))


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, str]:
    """The five fields, of which cron's two day fields are not both restricted."""
    texts = dict.fromkeys(FIELDS, "*")
    texts |= {name: draw(parts(name)) for name in ("minute", "hour", "month")}
    if draw(st.booleans()):
        texts["day"] = draw(st.integers(1, 28).map(str) | parts("day", star=False))
        texts["month"] = "*"  # so that there is such a day
    else:
        first = draw(st.integers(0, 6))
        last = draw(st.integers(first, 6))
        names = [WEEKDAYS[first], f"{WEEKDAYS[first]}-{WEEKDAYS[last]}", "*"]
        texts["day_of_week"] = draw(st.sampled_from(names))
    return texts


def by_cronsim(texts: dict[str, str], timezone: str, after: datetime, count: int) -> list[datetime]:
    """Its weekdays begin with Sunday, so that a range up to it is written as numbers up to 7."""
    numbers = {name: str(number) for number, name in enumerate(WEEKDAYS, start=1)}
    spoken = dict(texts)
    for name, number in numbers.items():
        spoken["day_of_week"] = spoken["day_of_week"].replace(name, number)
    line = " ".join(spoken[name] for name in FIELDS)
    found: Any = CronSim(line, after.astimezone(ZoneInfo(timezone)))
    return [fire.astimezone(UTC) for fire in islice(found, count)]


def by_us(texts: dict[str, str], timezone: str, after: datetime, count: int) -> list[datetime]:
    ours = trigger(timezone, **texts)
    found: list[datetime] = []
    fire: datetime | None = after
    while len(found) < count and (fire := ours.get_next_fire_time(fire, after)) is not None:
        found.append(fire.astimezone(UTC))
    return found


instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(
    lambda instant: instant.replace(microsecond=0)
)


@given(texts=schedules(), timezone=st.sampled_from(STEADY_ZONES), after=instants)
@steadily
def test_where_the_clock_never_changes_we_agree_with_cronsim(
    texts: dict[str, str], timezone: str, after: datetime
) -> None:
    expected = by_cronsim(texts, timezone, after, COUNT)
    assert len(expected) == COUNT
    assert by_us(texts, timezone, after, COUNT) == expected


@given(texts=schedules(), timezone=st.sampled_from(HOURLY_ZONES), change=st.integers(0, 1))
@steadily
def test_in_zones_with_clock_changes_we_agree_between_these(
    texts: dict[str, str], timezone: str, change: int
) -> None:
    after = transitions(timezone, 2026)[change] + timedelta(hours=3)
    quiet = after + timedelta(days=120)
    expected = [fire for fire in by_cronsim(texts, timezone, after, COUNT) if fire < quiet]
    assert by_us(texts, timezone, after, COUNT)[: len(expected)] == expected


@given(minute=parts("minute"), timezone=st.sampled_from(HOURLY_ZONES), change=st.integers(0, 1))
@steadily
def test_every_hour_means_the_same_in_the_nights_of_clock_changes(
    minute: str, timezone: str, change: int
) -> None:
    texts = dict.fromkeys(FIELDS, "*") | {"minute": minute}
    after = transitions(timezone, 2026)[change] - timedelta(hours=3)
    assert by_us(texts, timezone, after, 400) == by_cronsim(texts, timezone, after, 400)


@given(hour=st.integers(0, 3), minute=st.integers(0, 59), timezone=st.sampled_from(HOURLY_ZONES))
@steadily
def test_a_time_of_day_means_the_same_in_the_night_of_the_repeated_hour(
    hour: int, minute: int, timezone: str
) -> None:
    texts = dict.fromkeys(FIELDS, "*") | {"hour": str(hour), "minute": str(minute)}
    zone = ZoneInfo(timezone)
    (fold,) = (
        change
        for change in transitions(timezone, 2026)
        if change.astimezone(zone).dst()
        and not (change + timedelta(hours=2)).astimezone(zone).dst()
    )
    after = fold - timedelta(hours=12)
    assert by_us(texts, timezone, after, 3) == by_cronsim(texts, timezone, after, 3)
