"""The database's server is restarted under a running scheduler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.clusters import binaries, running_cluster
from tests.processes import end, read, start
from tests.waiting import wait_until

JOBS = 3
CREATE = f"""
from countjobs.models import CountJob
for number in range({JOBS}):
    CountJob.objects.create(name=f"job {{number}}", second="*")
"""


def run(url: str, log: Path, *command: str) -> None:
    process = start(*command, log=log, url=url)
    assert process.wait(60) == 0, read(log)


def ask(url: str, query: str) -> list[Any]:
    with psycopg.connect(url.replace("postgres://", "postgresql://")) as connection:
        return connection.execute(query).fetchall()


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
        run(cluster.url, log, "migrate", "-v0")
        run(cluster.url, log, "shell", "-c", CREATE)
        process = start("runscheduler", log=log, url=cluster.url)

        def every_job_has(runs: int) -> Callable[[], bool]:
            query = (
                "SELECT count(*) FROM countjobs_execution"
                " WHERE status = 'succeeded' GROUP BY job_id"
            )
            return lambda: [count >= runs for (count,) in ask(cluster.url, query)] == [True] * JOBS

        try:
            wait_until(every_job_has(2), 30, what=read(log))
            cluster.control("restart", "-m", mode)
            wait_until(every_job_has(6), 30, what=read(log))
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
