"""The job store is mended while somebody edits: the edit counts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.sync import sync
from countjobs.models import CountJob
from tests.support.factories import NOON, make_definition
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def _sync() -> list[str]:
    try:
        return sync(NOON)
    finally:
        connection.close()


def _somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        # Not pg_stat_activity: it stays as it is until the transaction ends.
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])


def _sync_beside(edit: Callable[[], object]) -> None:
    """Begin to mend the job store while an edit isn't committed yet."""
    if connection.vendor != "postgresql":
        pytest.skip("On SQLite one waits for the other from the beginning.")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            edit()
            mending = pool.submit(_sync)
            wait_until(_somebody_waits_for_us)
        mending.result(timeout=60)


def test_promise_03_an_edit_under_way_is_not_undone_in_the_job_store() -> None:
    definition = make_definition(due=None)
    _sync_beside(lambda: CountJob.objects.update(enabled=False))
    assert DjangoJob.objects.get(id=definition.job_id).next_run_time is None


def test_a_deletion_under_way_is_not_undone_in_the_job_store() -> None:
    make_definition(due=NOON + timedelta(days=9))
    _sync_beside(lambda: CountJob.objects.all().delete())
    assert not DjangoJob.objects.exists()
