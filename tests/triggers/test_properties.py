"""Properties of triggers, over expressions, zones and instants near clock changes at random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from countjobs.triggers import CRON_DEFAULTS, CronFieldError, due_fires, normalise_expression
from countjobs.triggers.expressions import parse
from tests.support.oracle import (
    DST_ZONES,
    STEADY_ZONES,
    fires,
    instants,
    trigger,
)
from tests.support.strategies import (
    dates,
    expressions,
    near_changes,
    steadily,
    texts,
)

WINDOW = timedelta(hours=6)
TICK = timedelta(microseconds=1)


@given(near=near_changes(), texts=texts, asked=st.integers(0, int(WINDOW.total_seconds())))
@settings(steadily, max_examples=150)
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


@given(near=near_changes(), texts=texts, second=expressions("second"), hour=st.booleans())
@settings(steadily, max_examples=30)
def test_fire_times_to_the_second_are_those_of_the_oracle(
    near: tuple[str, datetime], texts: dict[str, str], second: str, hour: bool
) -> None:
    timezone, start = near
    texts = texts | {"second": normalise_expression("second", second)}
    if not hour:
        texts["hour"] = "*"
    first = start + timedelta(hours=1)
    last = first + timedelta(minutes=8)
    tested = trigger(timezone, **texts)
    expected = instants(texts, timezone, first, last, timedelta(seconds=1))
    assert fires(tested, first, last) == expected
    assert tested.count_fires(first - TICK, last) == len(expected)


limits = st.none() | st.integers(0, 120)


@given(dates, st.sampled_from(DST_ZONES + STEADY_ZONES), st.integers(1, 12), limits, limits)
@settings(steadily, max_examples=40)
def test_dates_between_a_start_and_an_end_are_those_of_the_oracle(
    texts: dict[str, str], timezone: str, month: int, starts: int | None, ends: int | None
) -> None:
    noon = datetime(2026, month, 1, 12, tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    last = noon + timedelta(days=60)
    start = None if starts is None else noon + timedelta(hours=5 * starts)
    end = None if ends is None else last - timedelta(hours=5 * ends)
    tested = trigger(timezone, start=start, end=end, **texts)
    expected = [
        instant
        for instant in instants(texts, timezone, noon, last, timedelta(minutes=30))
        if (start is None or start <= instant) and (end is None or instant <= end)
    ]
    assert fires(tested, noon, last) == expected
    assert tested.count_fires(noon - TICK, last) == len(expected)


@given(
    near=near_changes(),
    texts=texts,
    limited=st.booleans(),
    jitter=st.just(0) | st.integers(0, 3_600),
    most=st.integers(1, 12),
)
@settings(steadily, max_examples=60)
def test_what_is_due_is_what_walking_finds(
    near: tuple[str, datetime], texts: dict[str, str], limited: bool, jitter: int, most: int
) -> None:
    timezone, start = near
    now = start + WINDOW
    texts = {"minute": "*/11"} | texts
    bounds = {"start": start + WINDOW / 5, "end": now - WINDOW / 5} if limited else {}
    tested = trigger(timezone, **texts, **bounds, jitter=jitter, seed="job")
    first = tested.get_next_fire_time(None, start)
    if first is None or first > now:
        return
    walked = fires(tested, first, now)
    due = due_fires(tested, first, now, most)
    assert due.latest == walked[-most:]
    assert due.earlier == len(walked[:-most])
    following = tested.get_next_fire_time(walked[-1], now)
    assert due.following == (following and following.astimezone(UTC))


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
    assert ",".join(map(str, parse(name, normal))) == normal
