"""Single moments; and that rows of cron schedules are read and written as before."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countjobs.jobstores.signing import seal, unseal
from countjobs.triggers import CRON_DEFAULTS, OnceTrigger, ScheduleTrigger, due_fires
from countjobs.triggers.upcoming import upcoming
from tests.support.factories import NOON, code_job
from tests.support.strategies import near_changes, steadily

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


@given(near_changes(), st.just(0) | st.integers(1, 3_600), st.integers(0, 3))
@steadily
def test_it_is_due_once_and_never_again(near: tuple[str, datetime], jitter: int, days: int) -> None:
    timezone, at = near
    tested = OnceTrigger(at, timezone, jitter=jitter, seed="job")
    found = tested.get_next_fire_time(None, at - days * DAY)
    assert found is not None
    assert found.tzinfo is ZoneInfo(timezone)
    fire = found.astimezone(UTC)  # times of different zones in a fold are never equal
    assert at <= fire <= at + timedelta(seconds=jitter)
    assert tested.get_next_fire_time(fire, fire) is None
    assert tested.get_next_fire_time(None, fire + TICK) is None
    assert tested.last_fire_time(fire - TICK) is None
    assert tested.last_fire_time(fire + DAY) == fire
    assert tested.count_fires(at - TICK, fire) == 1
    assert tested.count_fires(fire, fire + DAY) == 0
    due = due_fires(tested, fire, fire + 400 * DAY, 10)
    assert (due.latest, due.earlier, due.following) == ([fire], 0, None)
    assert list(upcoming(tested, at - DAY, 9)) == [found]
    assert list(upcoming(tested, fire, 9)) == []


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        OnceTrigger(NOON, "Nowhere")


def test_equal_moments_are_one_object_when_they_are_read() -> None:
    stored = [seal(code_job(trigger=OnceTrigger(NOON, "Asia/Tokyo"))) for _ in range(2)]
    one, other = (unseal("code", each).trigger for each in stored)
    assert one is other
    assert one.at == NOON
    assert b"_shared_once" in pickle.dumps(one)
    assert str(one) == "once[2026-03-04 12:00:00+00:00]"


OLD_ROW = (
    b"\x80\x05\x95\x11\x01\x00\x00\x00\x00\x00\x00\x8c\x1bcountjobs.triggers.schedule\x94\x8c\x07"
    b"_shared\x94\x93\x94((\x8c\x04year\x94\x8c\x01*\x94\x86\x94\x8c\x05month\x94h\x04\x86\x94\x8c"
    b"\x03day\x94h\x04\x86\x94\x8c\x04week\x94h\x04\x86\x94\x8c\x0bday_of_week\x94h\x04\x86\x94"
    b"\x8c\x04hour\x94\x8c\x013\x94\x86\x94\x8c\x06minute\x94\x8c\x03*/5\x94\x86\x94\x8c\x06second"
    b"\x94\x8c\x010\x94\x86\x94t\x94\x8c\rEurope/London\x94\x8c\x08datetime\x94\x8c\x08datetime"
    b"\x94\x93\x94C\n\x07\xea\x01\x01\x00\x00\x00\x00\x00\x00\x94h\x19\x8c\x08timezone\x94\x93\x94"
    b"h\x19\x8c\ttimedelta\x94\x93\x94K\x00K\x00K\x00\x87\x94R\x94\x85\x94R\x94\x86\x94R\x94NK<"
    b"\x8c\x05count\x94t\x94R\x94."
)
"""The trigger in a row that was written before there were intervals."""


def test_an_old_row_of_a_cron_schedule_is_read_and_is_what_is_written_today() -> None:
    today = ScheduleTrigger(
        {**CRON_DEFAULTS, "hour": "3", "minute": "*/5"},
        "Europe/London",
        start=datetime(2026, 1, 1, tzinfo=UTC),
        jitter=60,
        seed="count",
    )
    old = pickle.loads(OLD_ROW)
    assert old.__getstate__() == today.__getstate__()
    assert list(upcoming(old, NOON, 20)) == list(upcoming(today, NOON, 20))
    assert pickle.loads(pickle.dumps(today)) is old
    assert pickle.dumps(today, 5) == OLD_ROW, "so an upgrade rewrites no row"
