"""Chaos: 300 definitions that fire every second, while what they depend on breaks."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.models import Execution
from tests.app.models import Note
from tests.support.clusters import Cluster
from tests.support.faults import Promised
from tests.support.herd import Herd
from tests.support.waiting import wait_until

PATIENCE_SECONDS = 120
"""How long a slow machine may take for what a fast one does in a second or two."""

LEAST_STRIKES = 3
"""So that there is one of each kind, and a restart."""


def promise_every_second(jobs: int, seconds: float, notes: Path) -> Promised:
    """Definitions that fire every second for so long, and note their runs in a file."""
    notes.touch()
    last = timezone.now().replace(microsecond=0) + timedelta(seconds=round(seconds))
    names = [f"note-{number}" for number in range(jobs)]
    with transaction.atomic():  # so that nobody claims what is not read yet
        Note.objects.bulk_create(
            Note(name=name, second="*", end_date=last, file=str(notes)) for name in names
        )
        (first,) = DjangoJob.objects.values_list("next_run_time", flat=True).distinct()
    assert first < last
    return Promised(names, first, last)


def rage(herd: Herd, promised: Promised, notes: Path, restart: Callable[[], None]) -> None:
    """Strike the herd every few seconds, for as long as the definitions fire. In between the
    database's connections are ended, and once `restart` is called.
    """
    restart_after = herd.random.choice([2, 3])
    wait_until(notes.read_text, PATIENCE_SECONDS, herd.excerpts)
    for strikes in count(1):
        size = notes.stat().st_size
        herd.strike()
        end_connections()
        if strikes == restart_after:
            restart()
        _let_them_run(herd, promised, notes, size)
        # On a machine that is too slow for it, the least that is done takes longer.
        if timezone.now() > promised.last and strikes > LEAST_STRIKES:
            return


def _let_them_run(herd: Herd, promised: Promised, notes: Path, size: int) -> None:
    """For a few seconds, and until there is progress."""
    until = time.monotonic() + herd.random.uniform(1, 3)

    def enough() -> bool:
        progress = notes.stat().st_size > size or timezone.now() > promised.last
        return progress and time.monotonic() >= until

    wait_until(enough, PATIENCE_SECONDS, herd.excerpts, every=0.1)


def end_connections() -> None:
    """Have the server end every connection but this one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def crash(herd: Herd, cluster: Cluster | None) -> None:
    """Restart the server as after a crash: it loses nothing that it has said is committed."""
    if cluster is None:
        return
    connection.close()
    began = time.monotonic()
    cluster.control("restart", "-m", "immediate")
    herd.suffer_outage(time.monotonic() - began)


def settle(herd: Herd) -> None:
    """Wait until all that has come due has ended, and end the schedulers."""

    def is_over() -> bool:
        to_come = DjangoJob.objects.filter(next_run_time__isnull=False)
        return not to_come.exists() and not Execution.objects.active().exists()

    wait_until(is_over, PATIENCE_SECONDS, herd.excerpts, every=0.2)
    herd.end()
