"""Jobs that fork: nothing of a scheduler goes on in a child. Issue 8, line 6."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from countjobs.models import CountJob, Execution
from tests.app import forking
from tests.support.factories import code_job, once, store_job
from tests.support.running_schedulers import read, scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

ORDINARY = 48


def add(job_id: str, func: Any, *args: str) -> None:
    """A job that is due now, and no second time."""
    now = timezone.now()
    store_job(code_job(job_id, once(now), func, args=args, next_run_time=now), due=now)


def add_those_that_fork(file: str) -> list[str]:
    """Returns what their parents are to note."""
    for how in forking.ENDS:
        add(f"fork {how}", forking.fork, file, how)
    add("fork in a transaction", forking.fork_in_a_transaction, file)
    add("fork in a thread", forking.fork_in_a_thread, file)
    add("fork processes", forking.fork_processes, file)
    add("fork async", forking.fork_async, file)
    add("start programs", forking.start_programs, file)
    ends = [f"parent {how} {status}" for how, (_, status) in forking.ENDS.items()]
    others = ["transaction 0", "thread 0", "async 3", "programs 0"]
    others.append(f"multiprocessing {forking.ASKS}")
    return sorted([*ends, *(f"parent {other}" for other in others)])


def unfinished() -> bool:
    return Execution.objects.filter(status__in=["queued", "running"]).exists()


def test_promise_09_a_child_that_a_job_forks_runs_nothing_of_ours(tmp_path: Path) -> None:
    log, forks, ran = (tmp_path / name for name in ("scheduler.log", "forks", "ran"))
    expected = add_those_that_fork(str(forks))
    for number in range(ORDINARY):
        add(f"ordinary {number}", forking.note, str(ran), f"ordinary {number}")
    jobs = ORDINARY + len(expected)

    with scheduler(log, "--threads", "4"):
        said = lambda: read(log)[-3_000:]  # noqa: E731
        wait_until(lambda: Execution.objects.count() == jobs, 60, what=said)
        wait_until(lambda: not unfinished(), 60, what=said)
        # The scheduler goes on as before: its connections are its own.
        later = CountJob.objects.create(name="later", second="*", max_instances=100)
        of_later = Execution.objects.filter(job_id=later.job_id, status="succeeded")
        wait_until(lambda: of_later.count() >= 2, 60, what=said)
        later.delete()

    runs = Execution.objects.exclude(job_name="later")
    assert Counter(runs.values_list("status", flat=True)) == {"succeeded": jobs}, [
        (each.job_id, each.error) for each in runs if each.error
    ]
    assert sorted(ran.read_text().splitlines()) == sorted(f"ordinary {n}" for n in range(ORDINARY))
    notes = forks.read_text().splitlines()
    assert sorted(each for each in notes if each.startswith("parent")) == expected
    assert Counter(each for each in notes if each.startswith("child")) == Counter(
        f"child {how}" for how in forking.ENDS
    )
    assert "ValueError: in the child" in read(log)  # as Python would have said
    assert "The database reports an error" not in read(log)
    assert "; it goes on" not in read(log)
