"""The page “Running now” as tests read it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django.test import Client

from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.support.admin_pages import words
from tests.support.factories import NOON, SECOND, execution_of

RUNNING = "/admin/countjobs/execution/running/"
PARTS = f"{RUNNING}parts/"
CANCEL = f"{RUNNING}cancel/"
NOW = NOON + timedelta(hours=1)


def rows_of(client: Client, part: str) -> list[str]:
    """The words of each row of a table: `running`, `queued` or `waiting`."""
    page = client.get(RUNNING).content.decode()
    section = re.search(rf'<h2 id="countjobs-{part}">.*?</section>', page, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", section[0] if section else "", re.DOTALL)
    return [words(row) for row in rows if "<td" in row]


def goes_on(definition: CountJob, ago: timedelta = SECOND, **fields: Any) -> Execution:
    """A run that was due some time ago, and has been running since."""
    values = {"scheduled_at": NOW - ago, "started_at": NOW - ago, "node": "worker:7:0123abcd"}
    return execution_of(definition, Status.RUNNING, **{**values, **fields})


def had_runs(definition: CountJob, count: int, took: timedelta, before: datetime) -> None:
    """Ended runs, a minute apart."""
    for number in range(count):
        due = before - timedelta(minutes=1 + number)
        execution_of(definition, scheduled_at=due, started_at=due, finished_at=due + took)
