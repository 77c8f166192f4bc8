"""What becomes of a job that is due: every fire time is accounted for once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apscheduler.triggers.base import BaseTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from countjobs.jobstores.plan import Plan, plan
from countjobs.models.executions import Status
from countjobs.triggers import CRON_DEFAULTS, ScheduleTrigger
from tests.support.factories import NOON, SECOND, code_job, every, once

MINUTE = timedelta(minutes=1)


def planned(
    trigger: BaseTrigger,
    now: datetime,
    *,
    since: datetime = NOON,
    busy: int = 0,
    catch_up: int = 3,
    **options: Any,
) -> Plan:
    return plan(code_job(trigger=trigger, **options), since, now, busy=busy, catch_up=catch_up)


def schedule(zone: str = "UTC", **fields: str) -> ScheduleTrigger:
    return ScheduleTrigger(CRON_DEFAULTS | fields, zone)


def minutes(*numbers: int) -> list[datetime]:
    return [NOON + number * MINUTE for number in numbers]


def accounted(made: Plan) -> int:
    missed = 1 + made.not_run.folded if made.not_run else 0
    return len(made.runs) + made.folded + missed


def test_a_job_that_is_due_runs_and_the_next_fire_time_follows() -> None:
    assert planned(every(60), NOON) == Plan(minutes(0), 0, None, NOON + MINUTE)


def test_with_coalesce_the_last_fire_time_runs_for_all_before_it() -> None:
    assert planned(every(60), NOON + 10.5 * MINUTE) == Plan(minutes(10), 10, None, *minutes(11))


def test_without_coalesce_each_fire_time_runs() -> None:
    made = planned(every(60), NOON + 2 * MINUTE, coalesce=False)
    assert made == Plan(minutes(0, 1, 2), 0, None, *minutes(3))


def test_promise_08_beyond_the_cap_on_catching_up_the_rest_is_one_missed_row() -> None:
    made = planned(every(60), NOON + 10 * MINUTE, coalesce=False, catch_up=3)
    assert made.runs == minutes(8, 9, 10)
    assert made.not_run is not None
    assert (made.not_run.status, made.not_run.at) == (Status.MISSED, NOON + 7 * MINUTE)
    assert made.not_run.folded == 7
    assert (
        made.not_run.reason
        == "180.0 s late: of the fire times that have passed, only the last 3 run."
    )


@pytest.mark.parametrize("coalesce", [True, False])
def test_promise_08_a_month_of_seconds_is_planned_as_fast_as_a_minute(coalesce: bool) -> None:
    began = time.perf_counter()
    made = planned(schedule(second="*"), NOON + timedelta(days=30), coalesce=coalesce, catch_up=10)
    assert time.perf_counter() - began < 0.5
    assert accounted(made) == 30 * 86_400 + 1


def test_promise_07_without_a_grace_time_nothing_is_too_late() -> None:
    made = planned(once(), NOON + timedelta(days=400))
    assert made == Plan([NOON], 0, None, None)


def test_promise_07_what_is_later_than_its_grace_time_is_missed_with_the_reason() -> None:
    made = planned(once(), NOON + 31 * SECOND, misfire_grace_time=30)
    assert made.runs == []
    assert made.not_run is not None
    assert made.not_run.status == Status.MISSED
    assert made.not_run.reason == "31.0 s late: the misfire grace time is 30 s."


def test_what_is_late_by_just_its_grace_time_runs() -> None:
    assert planned(once(), NOON + 30 * SECOND, misfire_grace_time=30).runs == [NOON]


def test_with_coalesce_a_last_fire_time_in_its_grace_stands_for_those_beyond_it() -> None:
    made = planned(every(60), NOON + 10 * MINUTE + 5 * SECOND, misfire_grace_time=10)
    assert (made.runs, made.folded, made.not_run) == (minutes(10), 10, None)


def test_with_coalesce_all_beyond_their_grace_are_one_missed_row() -> None:
    made = planned(every(60), NOON + 10 * MINUTE + 11 * SECOND, misfire_grace_time=10)
    assert made.runs == []
    assert made.not_run is not None
    assert (made.not_run.at, made.not_run.folded) == (NOON + 10 * MINUTE, 10)


def test_without_coalesce_only_those_in_their_grace_are_caught_up_with() -> None:
    now = NOON + 5 * MINUTE
    made = planned(every(60), now, coalesce=False, misfire_grace_time=90, catch_up=5)
    assert made.runs == minutes(4, 5)
    assert made.not_run is not None
    assert (made.not_run.at, made.not_run.folded) == (NOON + 3 * MINUTE, 3)
    assert made.not_run.reason == "120.0 s late: the misfire grace time is 90 s."


@pytest.mark.parametrize("coalesce", [True, False])
def test_promise_12_while_max_instances_go_on_what_is_due_is_skipped(coalesce: bool) -> None:
    now = NOON + 4 * MINUTE
    made = planned(every(60), now, busy=2, max_instances=2, coalesce=coalesce)
    assert made.runs == []
    assert made.not_run is not None
    assert (made.not_run.status, made.not_run.at) == (Status.SKIPPED, now)
    assert made.not_run.folded == 4
    assert "Earlier runs of this job had not finished (2" in made.not_run.reason
    assert made.following == NOON + 5 * MINUTE


def test_below_max_instances_it_runs() -> None:
    assert planned(every(60), NOON, busy=1, max_instances=2).runs == [NOON]


def test_a_job_that_fires_once_has_nothing_that_follows() -> None:
    assert planned(once(), NOON).following is None


def test_the_times_are_in_utc_whatever_the_triggers_zone() -> None:
    tokyo = schedule("Asia/Tokyo", hour="21", minute="0")
    made = planned(tokyo, NOON, since=NOON)
    assert made.runs == [NOON]
    assert [made.runs[0].tzinfo, made.following and made.following.tzinfo] == [UTC, UTC]


seconds = st.integers(0, 5_000)
triggers = st.one_of(
    st.integers(1, 400).map(every),
    st.just(once()),
    st.builds(
        schedule,
        st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]),
        second=st.sampled_from(["0", "*/5", "*", "3,4,50"]),
        minute=st.sampled_from(["*", "*/7", "0-10"]),
        hour=st.sampled_from(["*", "*/2"]),
    ),
)


options = st.fixed_dictionaries(
    {
        "coalesce": st.booleans(),
        "misfire_grace_time": st.none() | st.integers(1, 3_000),
        "busy": st.integers(0, 1),
        "catch_up": st.integers(1, 20),
    }
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(triggers, seconds, options)
def test_every_due_fire_time_is_accounted_for_once(
    trigger: BaseTrigger, late: int, options: dict[str, Any]
) -> None:
    first = trigger.get_next_fire_time(None, NOON)
    now = first + late * SECOND
    due = [first]
    while (fire := trigger.get_next_fire_time(due[-1], now)) is not None and fire <= now:
        due.append(fire)
    made = planned(trigger, now, since=first, **options)
    assert accounted(made) == len(due)
    assert made.runs == due[len(due) - len(made.runs) :]
    assert made.following == fire
    if made.not_run:
        assert made.not_run.at == due[len(due) - len(made.runs) - 1]
