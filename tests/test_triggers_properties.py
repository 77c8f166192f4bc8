"""Properties of triggers, over expressions, zones and instants near clock changes at random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from countjobs.triggers import CRON_DEFAULTS, CronFieldError, due_fires, normalise_expression
from countjobs.triggers.fields import compile_field
from tests.oracle import DST_ZONES, RANGES, STEADY_ZONES, fires, instants, transitions, trigger

WINDOW = timedelta(hours=6)
TICK = timedelta(microseconds=1)

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


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and an instant within hours of one of its clock changes."""
    timezone = draw(st.sampled_from(DST_ZONES + STEADY_ZONES))
    changes = transitions(timezone, draw(st.sampled_from([2024, 2026, 2027])))
    change = draw(st.sampled_from(changes or [datetime(2026, 3, 8, 7, tzinfo=UTC)]))
    seconds = draw(st.integers(-5 * 3600, 3600))
    return timezone, change + timedelta(seconds=seconds, microseconds=draw(st.integers(0, 2)))


texts = st.fixed_dictionaries(
    {},
    optional={"hour": expressions("hour"), "minute": expressions("minute")},
).map(lambda given: {name: normalise_expression(name, text) for name, text in given.items()})


@given(near=near_changes(), texts=texts, asked=st.integers(0, int(WINDOW.total_seconds())))
@steadily
def test_fire_times_are_those_of_the_oracle(
    near: tuple[str, datetime], texts: dict[str, str], asked: int
) -> None:
    timezone, first = near
    tested = trigger(timezone, **texts)
    expected = instants(texts, timezone, first, first + WINDOW)
    assert fires(tested, first, first + WINDOW) == expected
    middle = first + timedelta(seconds=asked)
    until = [instant for instant in expected if instant <= middle]
    assert tested.count_fires(first - TICK, middle) == len(until)
    assert tested.count_fires(middle, first + WINDOW) == len(expected) - len(until)


@given(near=near_changes(), texts=texts, jitter=st.integers(0, 3_600), most=st.integers(1, 12))
@settings(steadily, max_examples=30)
def test_what_is_due_is_what_walking_finds(
    near: tuple[str, datetime], texts: dict[str, str], jitter: int, most: int
) -> None:
    timezone, start = near
    tested = trigger(timezone, **({"minute": "*/11"} | texts), jitter=jitter, seed="job")
    first = tested.get_next_fire_time(None, start)
    now = start + WINDOW
    if first is None or first > now:
        return
    walked = fires(tested, first, now)
    due = due_fires(tested, first, now, most)
    assert due.latest == walked[-most:]
    assert due.earlier == len(walked[:-most])
    assert due.following is None or due.following > now


@given(near=near_changes(), texts=texts, jitter=st.integers(1, 3_600))
@steadily
def test_jitter_keeps_the_number_and_the_order_and_hurries_nothing(
    near: tuple[str, datetime], texts: dict[str, str], jitter: int
) -> None:
    timezone, start = near
    minutes = {"minute": "*/13"} | texts
    end = start + WINDOW
    grid = fires(trigger(timezone, start=start, end=end, **minutes), start, end)
    put_off = fires(
        trigger(timezone, start=start, end=end, jitter=jitter, seed="job", **minutes), start, end
    )
    assert put_off == sorted(set(put_off))
    assert len(put_off) == len(grid)
    for on_time, late in zip(grid, put_off, strict=True):
        assert on_time <= late <= min(end, on_time + timedelta(seconds=jitter))


alphabet = st.text(alphabet="0123456789*/-, lastmonfri2nd#?LW٣²", max_size=24)


@given(name=st.sampled_from(list(CRON_DEFAULTS)), text=st.one_of(alphabet, st.text(max_size=12)))
@settings(steadily, max_examples=200)
def test_any_text_has_a_normal_form_that_is_its_own_or_is_refused(name: str, text: str) -> None:
    try:
        normal = normalise_expression(name, text)
    except CronFieldError:
        return
    assert normalise_expression(name, normal) == normal
    assert str(compile_field(name, normal)) == normal
