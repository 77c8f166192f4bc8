"""A thousand definitions that fail by chance, on schedulers that are killed by chance."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from django.db import transaction
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.models import Execution
from countjobs.models.executions import Status
from tests.app.models import Unsteady
from tests.support.chaos import PATIENCE_SECONDS
from tests.support.herd import LEASE_SECONDS, running_herd
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

JOBS = 1_000
RETRIES = 3
DELAY_SECONDS = 5
BACKOFF = 1.5
FIRST_SECONDS = 15
"""In how many seconds the first attempts are due, some in each."""
STRIKES = 4


class Attempt(NamedTuple):
    began: float
    ended: float
    how: str


Chains = dict[str, dict[int, list[Attempt]]]
"""By job and attempt, what the runs noted."""


def promise_once_each(notes: Path) -> None:
    """Definitions that fire once each, within some seconds."""
    notes.touch()
    now = timezone.now().replace(microsecond=0)
    with transaction.atomic():
        Unsteady.objects.bulk_create(
            Unsteady(
                name=f"unsteady-{number}",
                file=str(notes),
                second="*",
                start_date=(at := now + timedelta(seconds=2 + number % FIRST_SECONDS)),
                end_date=at,
                retries=RETRIES,
                retry_delay=DELAY_SECONDS,
                retry_backoff=BACKOFF,
                rerun_if_lost=True,
            )
            for number in range(JOBS)
        )


def read_chains(notes: Path) -> Chains:
    begun: dict[str, float] = {}
    chains: Chains = defaultdict(lambda: defaultdict(list))
    ended: set[str] = set()
    for line in notes.read_text().splitlines():
        name, attempt, at, how, token = line.split()
        if how == "begun":
            begun[token] = float(at)
            chains[name][int(attempt)].append(Attempt(float(at), 0.0, token))
        else:
            ended.add(token)
            attempts = chains[name][int(attempt)]
            attempts[:] = [
                Attempt(begun[token], float(at), how) if each.how == token else each
                for each in attempts
            ]
    return chains


def faults(chains: Chains) -> list[str]:
    """What is wrong with the chains, by what the runs noted and by what the history says."""
    found = []
    history: dict[str, list[Execution]] = defaultdict(list)
    for run in Execution.objects.order_by("attempt"):
        history[run.job_name].append(run)
    for number in range(JOBS):
        name = f"unsteady-{number}"
        runs = history[name]
        numbers = [run.attempt for run in runs]
        if numbers != list(range(1, len(runs) + 1)):
            found.append(f"{name}: its attempts are {numbers}")
            continue
        for attempt, noted in chains[name].items():
            if len(noted) > 1:
                found.append(f"{name}: attempt {attempt} was started {len(noted)} times")
        last = runs[-1]
        most = RETRIES + 1
        if not (last.status == Status.SUCCEEDED or (last.attempt == most and last.finished_at)):
            found.append(f"{name}: its last attempt is {last.attempt}, {last.status}")
        found += [
            f"{name}: attempt {run.attempt} succeeded, and another one followed"
            for run in runs[:-1]
            if run.status == Status.SUCCEEDED
        ]
        found += [
            f"{name}: attempt {run.attempt} links to {run.next_attempt}"
            for run, after in zip(runs, [*runs[1:], None], strict=True)
            if run.next_attempt != (after and after.pk)
        ]
    return found


def lateness(chains: Chains) -> list[tuple[float, float]]:
    """For each retry of a failed run: the delay asked for, and the one it had.

    What follows a lost run doesn't wait. A frozen one may note its end long after it was lost.
    """
    failed = set(Execution.objects.filter(status=Status.FAILED).values_list("job_name", "attempt"))
    delays = []
    for name, attempts in chains.items():
        for number, noted in attempts.items():
            before = attempts.get(number - 1, [])
            if before and before[0].how == "failed" and (name, number - 1) in failed:
                asked = DELAY_SECONDS * BACKOFF ** (number - 2)
                delays.append((asked, noted[0].began - before[0].ended))
    return delays


def is_over() -> bool:
    to_come = DjangoJob.objects.filter(next_run_time__isnull=False)
    return not to_come.exists() and not Execution.objects.active().exists()


def _goes_on(notes: Path, size: int) -> bool:
    return notes.stat().st_size > size or is_over()


def test_promise_20_every_chain_of_attempts_ends_and_no_attempt_runs_twice(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = request.config.getoption("--chaos-seed") or str(random.randrange(1_000_000))
    print(f"--chaos-seed {seed}")
    notes = tmp_path / "notes"
    with running_herd(3, tmp_path, seed=seed) as herd:
        herd.wait_until_up()
        promise_once_each(notes)
        for _ in range(STRIKES):
            seen = notes.stat().st_size
            herd.strike()
            wait_until(partial(_goes_on, notes, seen), PATIENCE_SECONDS)
        wait_until(is_over, PATIENCE_SECONDS, herd.excerpts, every=0.2)
        herd.end()
    chains = read_chains(notes)
    found = faults(chains)
    assert not found, "\n".join([herd.story(), *found[:20], f"{len(found)} faults"])
    delays = lateness(chains)
    assert len(delays) > JOBS / 2, "enough failed to say something"
    early = [pair for pair in delays if pair[1] < 0.8 * pair[0]]
    assert not early
    # What a killed or frozen scheduler had claimed waits for its lease to pass.
    late = [pair for pair in delays if pair[1] > 1.2 * pair[0]]
    held_up = [pair for pair in late if pair[1] > 1.2 * pair[0] + 2 * LEASE_SECONDS]
    how = Counter(Execution.objects.values_list("status", flat=True))
    print(f"{herd.story()}; {len(delays)} retries, {len(late)} late; {dict(how)}")
    assert len(late) <= len(delays) / 20
    assert not held_up
