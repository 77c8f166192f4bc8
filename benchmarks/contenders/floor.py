"""The floor: a bare loop of SQL batches with a thread pool. What one could reach at best.

It has no scheduler, no triggers (everything is due every second), no definitions, no overlaps, no
failures, no other process to look after, and its history has no index but the primary key.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, TextIO, TypeAlias, TypeVar, cast

from django.db import connection, transaction

from benchmarks.contenders.base import COUNT, MESSAGES, Contender, batches
from benchmarks.contenders.floor_sql import STATEMENTS
from benchmarks.preparing import Groups
from countjobs.models.countjob import count_job

BATCH = 500
"""The best of 200, 500, 1,000 and 2,000 where this was written."""
IDLE_SECONDS = 0.01

Due: TypeAlias = tuple[int, str, int]
"""A job's id, its messages as JSON, and its count."""


class _ThreadOutput(threading.local):
    """What the thread at hand prints and logs: stands for sys.stdout and for a log's stream."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        self.parts.append(text)
        return len(text)

    def flush(self) -> None:
        pass


_output = _ThreadOutput()


def _run_all(jobs: list[Due]) -> list[str]:
    return [_run(job) for job in jobs]


def _run(job: Due) -> str:
    """Run the article's job. Returns its output."""
    _, messages, count = job
    _output.parts.clear()
    count_job(json.loads(messages), count)
    return "".join(_output.parts)


Item = TypeVar("Item")


def _shares(items: list[Item], count: int) -> list[list[Item]]:
    return [items[first::count] for first in range(count)]


class Floor(Contender):
    """Two plain tables: what is due, and what ran."""

    def __init__(self) -> None:
        self._sql = STATEMENTS[connection.vendor]

    def make(self, groups: Groups) -> None:
        """All are due every second, whatever the fields say."""
        with connection.cursor() as cursor:
            for statement in self._sql.create:
                cursor.execute(statement)
            for batch in batches(groups):
                now, messages = datetime.now(UTC), json.dumps(MESSAGES)
                rows: list[Any] = [[number, now, messages, COUNT] for number, _ in batch]
                with transaction.atomic():
                    cursor.executemany(self._sql.define, rows)

    def start(self, threads: int) -> None:
        """Start the loop in a thread, and the pool."""
        sys.stdout = cast("TextIO", _output)  # print needs no more of a stream
        logging.basicConfig(stream=_output, level=logging.INFO, force=True)
        pool = ThreadPoolExecutor(threads)
        threading.Thread(target=self._loop, args=[pool, threads], daemon=True).start()

    def _loop(self, pool: ThreadPoolExecutor, threads: int) -> None:
        with connection.cursor() as cursor:
            while True:
                jobs = self._claim(cursor)
                if not jobs:
                    time.sleep(IDLE_SECONDS)
                    continue
                # A share for each thread: to hand them over one by one costs as much as to run.
                ids, shares = _shares(list(jobs), threads), _shares(list(jobs.values()), threads)
                outputs = pool.map(_run_all, shares)
                self._record(cursor, list(chain(*ids)), list(chain(*outputs)))

    def _claim(self, cursor: Any) -> dict[int, Due]:
        """Lock what is due, move it on, and write that it runs, in one transaction."""
        now = datetime.now(UTC)
        following = now.replace(microsecond=0) + timedelta(seconds=1)
        with transaction.atomic():
            due = cursor.execute(self._sql.lock, [now, BATCH]).fetchall()
            ids = self._sql.listed([row[0] for row in due])
            cursor.execute(self._sql.move, [following, ids])
            inserted = cursor.execute(self._sql.insert, [now, now, ids]).fetchall()
        jobs = {row[0]: row for row in due}
        return {execution_id: jobs[job_id] for execution_id, job_id in inserted}

    def _record(self, cursor: Any, ids: list[int], outputs: list[str]) -> None:
        """Write the outcomes and outputs of a batch, in one statement."""
        finished_at = datetime.now(UTC)
        cursor.execute(self._sql.record, [finished_at, *self._sql.paired(ids, outputs)])

    def recorded(self) -> int:
        """From its history."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM floor_execution WHERE status = 'succeeded'")
            (count,) = cursor.fetchone()
        return int(count)
