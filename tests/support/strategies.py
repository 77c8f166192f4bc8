"""Expressions and instants at random, for tests of properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import settings
from hypothesis import strategies as st

from countjobs.triggers import normalise_expression
from tests.support.oracle import (
    DST_ZONES,
    RANGES,
    STEADY_ZONES,
    transitions,
)

# The same examples on every machine, and so many that it takes seconds.
steadily = settings(derandomize=True, max_examples=60, deadline=None, database=None)


@st.composite
def expressions(draw: st.DrawFn, name: str) -> str:
    least, most = RANGES[name]
    first = draw(st.integers(least, most - 1))
    last = draw(st.integers(first + 1, most))
    part = st.sampled_from(
        [
            "*",
            str(first),
            f"{first}-{last}",
            f"*/{draw(st.integers(1, most - least))}",
            f"{first}-{last}/{draw(st.integers(1, last - first))}",
        ]
    )
    return ",".join(draw(st.lists(part, min_size=1, max_size=3)))


def changes() -> list[tuple[str, datetime]]:
    """Zones with their clock changes; those that have none are looked at in New York's night."""
    quiet = [(timezone, datetime(2026, 3, 8, 7, tzinfo=UTC)) for timezone in STEADY_ZONES]
    pairs = product(DST_ZONES, (2024, 2026, 2027))
    return quiet + [(zone, change) for zone, year in pairs for change in transitions(zone, year)]


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and an instant within hours of one of its clock changes."""
    timezone, change = draw(st.deferred(lambda: st.sampled_from(changes())))
    seconds = draw(st.integers(-5 * 3600, 3600))
    return timezone, change + timedelta(seconds=seconds, microseconds=draw(st.integers(0, 2)))


# Most clocks change in these hours. Both fields are always there: left to choose, hypothesis
# leaves most of them out, and seldom names a time that is dropped or repeated.
HOURS = ["1", "2", "0", "3", "23", "1,2", "0-3", "2-4", "*/2", "*/3", "*", "*,2"]


MINUTES = ["*", "*/7", "0", "15,45", "30-59", "59"]


texts = st.fixed_dictionaries(
    {
        "hour": st.sampled_from(HOURS) | expressions("hour"),
        "minute": st.sampled_from(MINUTES) | expressions("minute"),
    }
).map(lambda given: {name: normalise_expression(name, text) for name, text in given.items()})


dates = st.fixed_dictionaries(
    {"minute": st.just("0")},
    optional={
        "hour": expressions("hour"),
        "day": expressions("day") | st.sampled_from(["last", "2nd mon", "last fri,1", "5th wed"]),
        "month": expressions("month"),
        "day_of_week": st.sampled_from(["mon", "tue-thu", "sat,sun", "fri-sun"]),
    },
).map(lambda given: {name: normalise_expression(name, text) for name, text in given.items()})
