"""Real schedulers while all jobs are held: nothing starts, whoever dies, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from countjobs.history.holding import held_since
from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution
from countjobs.models.executions import FAILURES, Status, Trigger
from countjobs.schedulers.loop import LONGEST_SLEEP_SECONDS
from tests.support import running_schedulers as processes
from tests.support.child_processes import reap
from tests.support.factories import SECOND
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

HELD_SECONDS = 3
WOKEN = timedelta(seconds=LONGEST_SLEEP_SECONDS / 2)
"""Well under what a loop would sleep by itself, on a busy machine too."""
JOBS = 5


@pytest.fixture
def jobs() -> Iterator[list[CountJob]]:
    """Jobs that are due every second."""
    yield [CountJob.objects.create(name=f"job {n}", second="*", count=1) for n in range(JOBS)]
    CountJob.objects.update(enabled=False)


def runs() -> list[int]:
    """The keys of all runs. A claim adds one."""
    return list(Execution.objects.order_by("pk").values_list("pk", flat=True))


def has_run(jobs: list[CountJob]) -> bool:
    """Whether each of them has run."""
    ended = Execution.objects.filter(status=Status.SUCCEEDED)
    return {job.job_id for job in jobs} <= set(ended.values_list("job_id", flat=True))


def first_after(asked: Execution, job: CountJob) -> Execution | None:
    """The first run of a job by its schedule after another run was asked for, once it has begun."""
    later = Execution.objects.filter(pk__gt=asked.pk, job_id=job.job_id)
    first = later.filter(trigger=Trigger.SCHEDULE).order_by("pk").first()
    return first if first and first.started_at else None


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
        wait_until(lambda: not Execution.objects.active().exists())
        claimed = runs()
        asked = request_run(CountJob.objects.create(name="asked for", enabled=False))
        assert reap(first) != 0  # killed while held
        stack.enter_context(processes.scheduler(tmp_path / "again.log"))
        time.sleep(HELD_SECONDS)
        assert runs() == [*claimed, asked.pk]
        asked.refresh_from_db()
        assert (asked.status, asked.node) == (Status.QUEUED, "")
        assert held_since()
        processes.run_to_its_end("releasejobs", log=commands)
        wait_until(lambda: all(first_after(asked, job) for job in jobs))
        wait_until(lambda: Execution.objects.get(pk=asked.pk).finished_at)
    caught_up = [run for job in jobs if (run := first_after(asked, job))]
    assert all(run.folded >= HELD_SECONDS - 1 for run in caught_up), "one stands for the others"
    assert all(run.lateness and run.lateness < WOKEN for run in caught_up)
    assert [run for job in jobs for run in unaccounted(job)] == []
    assert not Execution.objects.filter(status__in=FAILURES).exists()
    assert "All jobs are held" in processes.read(commands)
