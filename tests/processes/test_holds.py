"""Real schedulers while all jobs are held: nothing starts, whoever dies, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.utils import timezone

from countjobs.history.holding import held_since
from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status, Trigger
from tests.support import running_schedulers as processes
from tests.support.child_processes import reap
from tests.support.factories import SECOND
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

HELD_SECONDS = 3
JOBS = 5


@pytest.fixture
def jobs() -> Iterator[list[CountJob]]:
    """Jobs that are due every second."""
    yield [CountJob.objects.create(name=f"job {n}", second="*", count=1) for n in range(JOBS)]
    CountJob.objects.update(enabled=False)


def runs() -> list[int]:
    """The keys of all runs. A claim adds one."""
    return list(Execution.objects.order_by("pk").values_list("pk", flat=True))


def has_run(jobs: list[CountJob], since: object = None) -> bool:
    """Whether each of them has run, or has run again since a moment."""
    ended = Execution.objects.filter(status=Status.SUCCEEDED, trigger=Trigger.SCHEDULE)
    if since is not None:
        ended = ended.filter(started_at__gte=since)
    return {job.job_id for job in jobs} <= set(ended.values_list("job_id", flat=True))


def unaccounted(job: CountJob) -> list[Execution]:
    """Runs before which a second is missing, or counted twice."""
    rows = Execution.objects.filter(job_id=job.job_id, trigger=Trigger.SCHEDULE)
    ordered = rows.order_by("scheduled_at", "pk")
    return [
        run
        for before, run in pairwise(ordered)
        if run.scheduled_at - before.scheduled_at != (run.folded + 1) * SECOND
    ]


@pytest.mark.parametrize("schedulers", [1, 2])
def test_nothing_starts_while_held_and_all_is_caught_up_once_released(
    schedulers: int, jobs: list[CountJob], tmp_path: Path
) -> None:
    logs = [tmp_path / f"{number}.log" for number in range(schedulers)]
    commands = tmp_path / "commands.log"
    with ExitStack() as stack:
        first, *_others = [stack.enter_context(processes.scheduler(log)) for log in logs]
        wait_until(lambda: has_run(jobs))
        processes.run_to_its_end("holdjobs", "--reason", "upgrade", log=commands)
        claimed = runs()
        asked = request_run(jobs[0])
        assert reap(first) != 0  # killed while held
        again = tmp_path / "again.log"
        stack.enter_context(processes.scheduler(again))
        time.sleep(HELD_SECONDS)
        assert runs() == [*claimed, asked.pk]
        asked.refresh_from_db()
        assert (asked.status, asked.node) == (Status.QUEUED, "")
        assert held_since()
        processes.run_to_its_end("releasejobs", log=commands)
        released = timezone.now()
        wait_until(lambda: has_run(jobs, since=released - 2 * SECOND))
        caught_up = Execution.objects.filter(folded__gte=HELD_SECONDS - 1)
        wait_until(lambda: Execution.objects.get(pk=asked.pk).finished_at)
        started = max(run.started_at for run in caught_up if run.started_at)
        assert started - released < timedelta(seconds=2)
        assert len({run.job_id for run in caught_up}) == JOBS
        assert caught_up.count() == JOBS, "each job catches up once"
    assert [run for job in jobs for run in unaccounted(job)] == []
    # What was in progress when its scheduler was killed may be lost; nothing else is.
    others = Execution.objects.exclude(status__in=(Status.SUCCEEDED, Status.LOST))
    assert not others.filter(trigger=Trigger.SCHEDULE, status=Status.FAILED).exists()
    assert "All jobs are held" in processes.read(commands)
