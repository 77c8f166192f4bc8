"""Definitions for tests of the job store's rows, the rows, and when those tests take place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob, JobDefinition

NOW = datetime(2026, 11, 22, 10, 0, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make_job(name: str = "job", **fields: Any) -> CountJob:
    return CountJob.objects.create(name=name, **fields)


def row_of(definition: JobDefinition) -> DjangoJob:
    return DjangoJob.objects.get(id=definition.job_id)
