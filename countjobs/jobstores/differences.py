"""Telling quickly whether the job store and the definitions differ, for pages that warn of it.

They are written together, so they differ only after raw SQL, a restored backup or a new signing
key. Comparing a hundred thousand rows takes many seconds. So all rows are counted, and a few of
them are compared each time, in turn.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Value
from django_apscheduler.models import DjangoJob

from countjobs.database.primary import rows_of
from countjobs.jobstores.rows import disagreeing
from countjobs.models import JobDefinition


def count_differences(kinds: list[type[JobDefinition]]) -> dict[str, int]:
    """By how many the rows and the definitions of each kind differ, by the kind's label.

    One query.
    """
    counted = [rows for kind in kinds for rows in _counts(kind)]
    if not counted:
        return {}
    found: dict[str, int] = {kind._meta.label_lower: 0 for kind in kinds}
    for label, is_row, count in counted[0].union(*counted[1:], all=True).order_by():
        found[label] += count if is_row else -count
    return {label: abs(difference) for label, difference in found.items()}


def missing_rows(kind: type[JobDefinition]) -> list[Any]:
    """The keys of those definitions of a kind that have no row. Two queries, of keys only."""
    pks = list(rows_of(kind).order_by().values_list("pk", flat=True))
    rows = rows_of(DjangoJob).filter(id__startswith=kind.job_id_of("")).order_by()
    there = set(rows.values_list("id", flat=True))
    return [pk for pk in pks if kind.job_id_of(pk) not in there]


def look_closely(kind: type[JobDefinition], pks: list[Any], now: datetime) -> list[Any]:
    """The keys of those definitions whose rows differ in any way, or are missing.

    Somebody may edit one meanwhile, so those that seem to differ are compared twice.
    """
    return disagreeing(kind, suspects, now) if (suspects := disagreeing(kind, pks, now)) else []


def _counts(kind: type[JobDefinition]) -> list[QuerySet[Any, tuple[str, int, int]]]:
    rows: list[QuerySet[Any]] = [
        rows_of(kind).order_by(),
        rows_of(DjangoJob).order_by().filter(id__startswith=kind.job_id_of("")),
    ]
    return [
        # A kind may have fields of any name.
        each.annotate(_kind_label=Value(kind._meta.label_lower), _is_row=Value(is_row))
        .values_list("_kind_label", "_is_row")
        .annotate(count=Count("*"))
        for is_row, each in enumerate(rows)
    ]
