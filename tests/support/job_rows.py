"""Definitions for tests of the job store's rows, the rows, and when those tests take place."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.job import Job
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.signing import seal
from countjobs.models import CountJob, JobDefinition
from tests.support.factories import code_job

NOW = datetime(2026, 11, 22, 10, 0, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make_job(name: str = "job", **fields: Any) -> CountJob:
    return CountJob.objects.create(name=name, **fields)


def row(job_id: str = "code") -> DjangoJob:
    return DjangoJob.objects.get(id=job_id)


def row_of(definition: JobDefinition) -> DjangoJob:
    return row(definition.job_id)


def unsigned() -> bytes:
    return pickle.dumps(code_job("broken").__getstate__())


def tampered() -> bytes:
    sealed = bytearray(seal(code_job("broken")))
    sealed[10] ^= 1
    return bytes(sealed)


def unimportable() -> bytes:
    return _sealed(func="tests.no_such_module:work")


def _sealed(**changes: Any) -> bytes:
    """What stands in a row whose code has changed since it was written."""

    class Unchecked(Job):  # type: ignore[misc]  # APScheduler has no types
        def __init__(self, state: dict[str, Any]) -> None:
            self.id, self.state = "broken", state

        def __getstate__(self) -> dict[str, Any]:
            return self.state

    return seal(Unchecked(code_job("broken").__getstate__() | changes))
