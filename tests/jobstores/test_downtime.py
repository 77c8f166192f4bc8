"""A month of downtime, claimed at once: what it costs, and what the history says of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Sum
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.claims import Claims, claim
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.factories import NOON, SECOND
from tests.support.looks import count_looks

MINUTE = timedelta(minutes=1)
MONTH = timedelta(days=30)
MANY = 1_000

pytestmark = pytest.mark.django_db

# From this noon of March on, New York's month has a dropped hour in it.
zones = pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
both_ways = pytest.mark.parametrize("coalesce", [True, False])


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every question to a calendar: what reckoning with fire times costs."""
    yield from count_looks(monkeypatch, "next_wall", "count_walls")


def one_second_definitions(count: int, **fields: Any) -> None:
    """Definitions that fire every second, and that have been due since noon. No two are alike: one
    trigger would be asked for all of them.
    """
    CountJob.objects.bulk_create(
        CountJob(
            name=f"count {number}", second="*", start_date=NOON - (number + 1) * SECOND, **fields
        )
        for number in range(count)
    )
    DjangoJob.objects.update(next_run_time=NOON)


def claim_after(downtime: timedelta, limit: int = MANY) -> Claims:
    return claim(NOON + downtime, limit=limit, node="here:1:1", busy={})


@zones
@both_ways
def test_promise_08_every_second_of_a_month_is_a_row_or_is_counted_in_one(
    timezone: str, coalesce: bool
) -> None:
    one_second_definitions(20, timezone=timezone, coalesce=coalesce)
    claim_after(MONTH)
    totals = Execution.objects.values("job_id").annotate(rows=Count("pk"), folded=Sum("folded"))
    accounted = [each["rows"] + each["folded"] for each in totals.order_by()]
    assert accounted == 20 * [30 * 86_400 + 1]
    following = DjangoJob.objects.values_list("next_run_time", flat=True)
    assert set(following) == {NOON + MONTH + SECOND}


def test_promise_08_with_coalesce_one_run_stands_for_the_month() -> None:
    one_second_definitions(1)
    claim_after(MONTH)
    execution = Execution.objects.get()
    assert (execution.status, execution.scheduled_at) == (Status.QUEUED, NOON + MONTH)
    assert execution.folded == 30 * 86_400


def test_promise_08_without_coalesce_ten_runs_follow_one_missed_row() -> None:
    one_second_definitions(1, coalesce=False)
    claim_after(MONTH)
    missed, *runs = Execution.objects.order_by("scheduled_at")
    assert [run.scheduled_at for run in runs] == [
        NOON + MONTH - n * SECOND for n in range(9, -1, -1)
    ]
    assert {run.status for run in runs} == {Status.QUEUED}
    assert (missed.status, missed.scheduled_at) == (Status.MISSED, NOON + MONTH - 10 * SECOND)
    assert missed.folded == 30 * 86_400 - 10


@zones
@both_ways
@pytest.mark.parametrize("jitter", [0, 30])
def test_promise_08_a_month_is_as_much_work_as_a_minute(
    timezone: str, coalesce: bool, jitter: int, looks: list[str]
) -> None:
    """Fire times are reckoned, not walked; and statements don't grow with either."""
    one_second_definitions(3, timezone=timezone, coalesce=coalesce, jitter=jitter)
    costs = {}
    for downtime in (MINUTE, MONTH):
        DjangoJob.objects.update(next_run_time=NOON)
        Execution.objects.all().delete()
        looks.clear()
        with CaptureQueriesContext(connection) as queries:
            assert len(claim_after(downtime).jobs) == 3
        costs[downtime] = len(queries), len(looks)
    assert costs[MONTH][0] == costs[MINUTE][0]
    assert costs[MONTH][1] < costs[MINUTE][1] + 3 * 50


# Two seconds are promised. Without `coalesce`, which makes eleven thousand rows, it is near to that
# on a machine that does nothing else, so that the test leaves room for one that does.
@pytest.mark.parametrize(("coalesce", "seconds"), [(True, 2), (False, 4)])
def test_promise_08_the_first_claim_after_a_month_takes_a_second_or_two(
    coalesce: bool, seconds: float
) -> None:
    """A thousand definitions that fire every second are 2.6 billion fire times."""
    one_second_definitions(MANY, coalesce=coalesce, timezone="America/New_York")
    with CaptureQueriesContext(connection) as queries:
        began = time.process_time()  # our own share: others may be at work on this machine
        claims = claim_after(MONTH)
        took = time.process_time() - began
    assert len(claims.jobs) == MANY
    assert len(queries) == 8 + (connection.vendor == "postgresql")
    assert took < seconds
