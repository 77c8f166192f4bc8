"""The database is restarted under a scheduler: it waits, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.postgres import Postgres, own_postgres, programs
from tests.processes import end, read, start
from tests.waiting import wait_until

pytestmark = pytest.mark.process

EXAMPLE = (
    "from countjobs.models import CountJob; "
    "CountJob.objects.create(name='job', second='*', messages={'one': 'one count.'})"
)


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    where = programs()
    if where is None:
        pytest.skip("there is no PostgreSQL server on this machine to restart")
    with own_postgres(where) as running:
        yield running


def _ask(postgres: Postgres, question: str) -> Any:
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute(question).fetchone()
    return row and row[0]


def _succeeded(postgres: Postgres) -> int:
    count = _ask(postgres, "SELECT count(*) FROM countjobs_execution WHERE status = 'succeeded'")
    return int(count)


def _manage(postgres: Postgres, log: Path, *command: str) -> None:
    assert start(*command, log=log, url=postgres.url).wait(60) == 0, read(log)


def test_promise_05_a_scheduler_goes_on_after_the_database_was_restarted(
    postgres: Postgres, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    _manage(postgres, log, "migrate", "-v", "0")
    _manage(postgres, log, "shell", "-c", EXAMPLE)
    scheduler = start("runscheduler", log=log, url=postgres.url)
    try:
        wait_until(lambda: _succeeded(postgres) >= 2, 30, what=read(log))
        postgres.stop()
        wait_until(lambda: "trying again" in read(log) or "is away" in read(log), 20)
        postgres.start()
        before = _succeeded(postgres)
        wait_until(lambda: _succeeded(postgres) >= before + 2, 30, what=read(log))
        assert end(scheduler) == 0
    finally:
        end(scheduler)
    lost = "SELECT count(*) FROM countjobs_execution WHERE status NOT IN ('succeeded')"
    assert _ask(postgres, lost) == 0, "what ran through the restart was recorded after it"
