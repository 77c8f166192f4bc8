"""DESIGN.md, rule 10: however many jobs are refused in a claim, it asks the database as often."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs import job
from countjobs.functions.registry import Registry
from countjobs.jobstores.claims import claim
from countjobs.models import FunctionJob, ParkedJob
from tests.support.factories import NOON, SECOND

pytestmark = pytest.mark.django_db


def tidy() -> None:
    """A function that the next release lacks."""


def _queries(count: int, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> int:
    FunctionJob.objects.all().delete()
    with monkeypatch.context() as before:
        before.setattr(registry, "functions", [])
        before.setattr(registry, "_by_name", {})
        job(name="tidy")(tidy)
        FunctionJob.objects.bulk_create(
            FunctionJob(name=f"job {number}", function="tidy") for number in range(count)
        )
        DjangoJob.objects.update(next_run_time=NOON)
    with CaptureQueriesContext(connection) as queries:
        claim(NOON + SECOND, limit=100, node="here:1:1", busy={})
    assert ParkedJob.objects.count() == count
    return len(queries)


def test_who_else_knows_a_function_is_asked_once(
    isolated_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (_queries(count, isolated_registry, monkeypatch) for count in (2, 40))
    assert few == many
