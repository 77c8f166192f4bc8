"""Whether the job store and the definitions differ: told quickly, for pages that warn of it.

They are written together, so they differ only after raw SQL, a restored backup, a new signing key.
To look at the states of a hundred thousand rows takes many seconds. So what the database itself can
compare is compared for all, and the rest for some of them, by turns.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models.functions import Cast, Concat
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.rows import disagreeing
from countjobs.models import JobDefinition


def count_differences(kinds: list[type[JobDefinition]]) -> dict[str, int]:
    """Rows that are missing or left over, and rows that come due though their definition is paused.

    By the label of the kind; what has none is left out. One query for all kinds.
    """
    counted = [rows for kind in kinds if _has_plain_keys(kind) for rows in _counts(kind)]
    found: dict[str, int] = {}
    if counted:
        for label, count in counted[0].union(*counted[1:], all=True):
            found[label] = found.get(label, 0) + count
    return {label: count for label, count in found.items() if count}


def look_closely(kind: type[JobDefinition], pks: list[Any], now: datetime) -> list[Any]:
    """The keys of those definitions of which the rows differ in whatever way.

    Somebody may edit one while this looks. So those that seem to differ are looked at twice.
    """
    return disagreeing(kind, suspects, now) if (suspects := disagreeing(kind, pks, now)) else []


def _has_plain_keys(kind: type[JobDefinition]) -> bool:
    """Whether the database writes a key as Python does: numbers only."""
    return isinstance(kind._meta.pk, models.IntegerField)


def _counts(kind: type[JobDefinition]) -> list[models.QuerySet[Any, tuple[str, int]]]:
    prefix = kind.job_id_of("")
    row_id = Concat(models.Value(prefix), Cast("pk", models.CharField()))
    definitions = kind._base_manager.order_by().annotate(row_id=row_id)
    rows = DjangoJob.objects.order_by()
    row = rows.filter(id=models.OuterRef("row_id"))
    definition = definitions.filter(row_id=models.OuterRef("id"))
    differing: list[models.QuerySet[Any]] = [
        definitions.filter(~models.Exists(row)),
        definitions.filter(models.Exists(row.filter(next_run_time__isnull=False)), enabled=False),
        rows.filter(~models.Exists(definition), id__startswith=prefix),
    ]
    return [
        each.annotate(kind=models.Value(kind._meta.label_lower))
        .values_list("kind")
        .annotate(count=models.Count("*"))
        for each in differing
    ]
