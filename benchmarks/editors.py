"""Editors: a process that edits definitions, beside a scheduler's, and sees when that shows."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from apscheduler.triggers.cron import CronTrigger
from django_apscheduler.models import DjangoJob, DjangoJobExecution

from benchmarks.contenders import contender
from benchmarks.contenders.plain import ONCE, job_row
from benchmarks.own_process import ROOT, command, wait_until
from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution, JobDefinition, SchedulerNode

START_SECONDS = 60.0
BEFORE_SECOND = 0.03
"""When, before a whole second, an edit is saved: who knows of it late is late for that second."""

Effects: TypeAlias = tuple[list[float] | None, list[float]]
"""Seconds from “Run now”, and from an edit, to their effects, of those that were in time."""


def countjobs(samples: int, most: float, warm_up: float, threads: int) -> Effects:
    """With a `runscheduler`."""
    with _process(sys.executable, "manage.py", "runscheduler", "--threads", str(threads)):
        _expect(SchedulerNode.objects.filter(state="running").exists)
        time.sleep(warm_up)
        definitions = CountJob.objects.order_by("pk")[:samples]
        run_now = [_run_now(definition, most) for definition in definitions]
        edited = [_edit(definition, most) for definition in definitions]
    return _in_time(run_now), _in_time(edited)


def _run_now(definition: JobDefinition, most: float) -> float | None:
    execution = request_run(definition.job_id, definition.name)
    return _effect(execution.job_id, time.time(), most)


def _edit(definition: JobDefinition, most: float) -> float | None:
    """It was to run months from now; it is to run every second."""
    Execution.objects.filter(job_id=definition.job_id).delete()
    definition.month = definition.day = definition.hour = definition.minute = "*"
    definition.second = "*"
    time.sleep((1 - BEFORE_SECOND - time.time()) % 1)
    definition.save()
    effect = _effect(definition.job_id, time.time(), most)
    definition.enabled = False
    definition.save()
    return effect


def _effect(job_id: str, committed: float, most: float) -> float | None:
    """From the commit, or from the first fire time after it, to the start of the first run."""
    first = Execution.objects.filter(job_id=job_id, started_at__isnull=False).order_by("pk")
    if not wait_until(first.exists, most):
        return None
    execution = first[0]
    assert execution.started_at is not None
    due = max(committed, execution.scheduled_at.timestamp())
    return max(0.0, execution.started_at.timestamp() - due)


def plain(samples: int, most: float, warm_up: float, threads: int) -> Effects:
    """With a plain scheduler: all edits at once, since none may have an effect.

    That it runs is seen from a job that is due when it starts, and is removed then.
    """
    contender("plain").ask()
    with _process(*command(serve, "plain", threads)):
        _expect(lambda: not DjangoJob.objects.filter(id=ONCE).exists())
        time.sleep(warm_up)
        for number in range(samples):
            job_row(f"job {number}", CronTrigger(second="*", timezone="UTC")).save()
        committed = time.time()
        wait_until(lambda: len(_plain_effects(committed)) == samples, most)
        return None, _plain_effects(committed)


def serve(name: str, threads: int) -> None:
    """Run a scheduler until killed."""
    contender(name).start(threads)
    threading.Event().wait()


def _plain_effects(committed: float) -> list[float]:
    """From the commit, or from the fire time after it, to the end of the first run of each job."""
    ended = DjangoJobExecution.objects.filter(job__id__startswith="job ", finished__isnull=False)
    effects: dict[str, float] = {}
    for execution in ended.order_by("-run_time"):
        due = max(committed, execution.run_time.timestamp())
        effects[execution.job_id] = max(0.0, float(execution.finished) - due)
    return list(effects.values())


def _in_time(samples: list[float | None]) -> list[float]:
    return [sample for sample in samples if sample is not None]


def _expect(condition: Callable[[], bool]) -> None:
    if not wait_until(condition, START_SECONDS):
        raise RuntimeError(f"The scheduler did not start within {START_SECONDS:.0f} s.")


@contextmanager
def _process(*arguments: str) -> Iterator[None]:
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(arguments, cwd=ROOT, env=os.environ, stdout=nowhere, stderr=nowhere)
    try:
        yield
    finally:
        process.kill()
        process.wait()


EDITORS: dict[str, Callable[[int, float, float, int], Effects]] = {
    "countjobs": countjobs,
    "plain": plain,
}
