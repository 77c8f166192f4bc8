"""Schedulers are killed, stopped and frozen while 300 definitions fire every second."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.db import connection

from countjobs.models import Execution
from tests.support.chaos import crash, promise_every_second, rage, settle
from tests.support.clusters import Cluster, binaries, connected_to, running_cluster
from tests.support.faults import faults
from tests.support.herd import running_herd
from tests.support.running_schedulers import run_to_its_end

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

JOBS = 300
SIDE_BY_SIDE_SECONDS = 8


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster | None]:
    """A server of the test's own, where PostgreSQL is tested; Django's connection asks it."""
    found = binaries() if connection.vendor == "postgresql" else None
    if found is None:
        yield None
        return
    with running_cluster(found) as cluster, connected_to(cluster):
        run_to_its_end("migrate", "-v0", log=tmp_path / "migrate")
        yield cluster


def test_promise_01_and_09_nothing_is_lost_and_nothing_runs_twice_in_chaos(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    cluster: Cluster | None,
) -> None:
    seconds = float(request.config.getoption("--chaos-seconds"))
    seed = request.config.getoption("--chaos-seed") or str(random.randrange(1_000_000))
    print(f"--chaos-seed {seed}")  # shown where it fails, or with -s
    notes = tmp_path / "notes"
    size = 3 if connection.vendor == "postgresql" else 2
    promised = promise_every_second(JOBS, seconds, notes)
    with running_herd(size, tmp_path, seed=seed) as herd:
        rage(herd, promised, notes, partial(crash, herd, cluster))
        settle(herd)
    found = faults(promised, notes, herd.unwell)
    lost = Execution.objects.filter(status="lost").count()
    print(f"{herd.story()}; {Execution.objects.count()} executions, {lost} lost")
    assert not found, "\n".join([*found, herd.excerpts(*found)])
    if connection.vendor == "postgresql" and cluster is None:
        pytest.skip("All held, but there is no PostgreSQL server on this machine to restart")


@pytest.fixture
def no_unique_fire_times() -> Iterator[None]:
    """Take away the constraint that stands behind the claim's lock."""
    constraint = next(
        each
        for each in Execution._meta.constraints
        if each.name == "countjobs_one_run_per_fire_time"
    )
    with connection.schema_editor() as editor:
        editor.remove_constraint(Execution, constraint)
    try:
        yield
    finally:
        Execution.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Execution, constraint)


def faults_side_by_side(directory: Path, settings: str) -> str:
    """What three healthy schedulers do wrong in some seconds."""
    notes = directory / "notes"
    with running_herd(3, directory, settings=settings) as herd:
        herd.wait_until_up()
        promised = promise_every_second(JOBS, SIDE_BY_SIDE_SECONDS, notes)
        settle(herd)
    return "\n".join(faults(promised, notes, herd.unwell))


@pytest.mark.usefixtures("no_unique_fire_times")
def test_schedulers_that_claim_without_a_lock_are_found_out(tmp_path: Path) -> None:
    found = faults_side_by_side(tmp_path, "tests.unlocked.settings")
    assert re.search(r"was started \d+ times", found)
    assert re.search(r"is in the history \d+ times", found)


@pytest.mark.usefixtures("no_unique_fire_times")
def test_the_lock_keeps_claims_apart_without_the_constraint_behind_it(tmp_path: Path) -> None:
    assert faults_side_by_side(tmp_path, "tests.settings") == ""
