"""The database's server is restarted under a running scheduler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.clusters import binaries, newest, running_cluster
from tests.support.running_schedulers import end, read, run_to_its_end, start
from tests.support.waiting import wait_until

JOBS = 3
CREATE = f"""
from countjobs.models import CountJob
for number in range({JOBS}):
    CountJob.objects.create(name=f"job {{number}}", second="*")
"""


def ask(url: str, query: str) -> list[Any]:
    address = url.replace("postgres://", "postgresql://")
    options = "-c statement_timeout=30s"
    with psycopg.connect(address, connect_timeout=10, options=options) as connection:
        return connection.execute(query).fetchall()


def test_the_newest_server_is_the_one_of_the_highest_number() -> None:
    installed = [Path(f"/usr/lib/postgresql/{version}/bin") for version in ("9.6", "15", "10")]
    assert newest(installed) == installed[1]
    assert newest([]) is None


@pytest.mark.process
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_promise_05_the_scheduler_outlives_a_restart_of_its_database(
    tmp_path: Path, mode: str
) -> None:
    found = binaries()
    if found is None:
        pytest.skip("There is no PostgreSQL server on this machine to restart")
    log = tmp_path / "log"
    with running_cluster(found) as cluster:
        run_to_its_end("migrate", "-v0", log=log, url=cluster.url)
        run_to_its_end("shell", "-c", CREATE, log=log, url=cluster.url)
        process = start("runscheduler", log=log, url=cluster.url)

        def every_job_has(runs: int) -> Callable[[], bool]:
            query = (
                "SELECT count(*) FROM countjobs_execution"
                " WHERE status = 'succeeded' GROUP BY job_id"
            )
            return lambda: [count >= runs for (count,) in ask(cluster.url, query)] == [True] * JOBS

        try:
            wait_until(every_job_has(2), what=lambda: read(log))
            cluster.control("restart", "-m", mode)
            wait_until(every_job_has(6), what=lambda: read(log))
        finally:
            assert end(process) == 0, read(log)
        states = ask(
            cluster.url,
            "SELECT DISTINCT status FROM countjobs_execution"
            " WHERE NOT (status = 'queued' AND node = '')",
        )
        # On a slow machine a second may have passed before the run of the last one had begun.
        assert {status for (status,) in states} <= {"succeeded", "skipped"}, read(log)
        # Every second from the first to the last is a row, or is counted in one.
        first = "min(scheduled_at - folded * interval '1 second')"
        seconds = f"extract(epoch FROM max(scheduled_at) - {first}) + 1"
        unaccounted = ask(
            cluster.url,
            f"SELECT job_id, sum(1 + folded), {seconds} FROM countjobs_execution"
            f" GROUP BY job_id HAVING sum(1 + folded) <> {seconds}",
        )
        assert unaccounted == []
