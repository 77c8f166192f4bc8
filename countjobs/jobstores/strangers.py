"""Rows of the job store that aren't ours, or whose kind no scheduler knows.

They are reported, and nothing is recorded of them: a row of another program is left as it is, and
the scheduler that starts next may know a kind of job that none knows today.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django_apscheduler.models import DjangoJob

from countjobs.conf import Conf
from countjobs.database.primary import rows_of
from countjobs.jobstores.neighbours import known_kinds
from countjobs.jobstores.questions import rows_from_code
from countjobs.jobstores.rows import RUN_DEFINITION
from countjobs.jobstores.signing import is_sealed
from countjobs.models import Execution

MOST = 1_000
"""How many rows are looked at. More are not reported."""
_MARK = RUN_DEFINITION.encode()


@dataclass
class Strangers:
    """Rows that belong neither to a definition known here nor to a job from code."""

    foreign: list[str] = field(default_factory=list)
    """The ids of rows that countjobs didn't write, or with another key."""
    kinds: set[str] = field(default_factory=set)
    """The labels of kinds of definitions that aren't installed here."""


def find_strangers() -> Strangers:
    """Look for them. One query; nothing is loaded of what it finds."""
    found = Strangers()
    rows = rows_from_code().order_by("id").values_list("id", "job_state")
    for job_id, state in rows[:MOST]:
        if not is_sealed(job_id, bytes(state)):
            found.foreign.append(job_id)
        elif is_of_definition(bytes(state)):
            found.kinds.add(job_id.partition(":")[0])
    return found


def is_of_definition(state: bytes) -> bool:
    """Whether a sealed state is a definition's, of whatever kind. Nothing is loaded."""
    return _MARK in state


def is_from_code(job_id: str, state: bytes) -> bool:
    """Whether a row of no known kind of definition belongs to a job that code has added."""
    return is_sealed(job_id, state) and not is_of_definition(state)


def foreign_note(job_id: str) -> str:
    """What is said of a row that isn't ours."""
    said = _(
        "%(job)s: left as it is. Another program wrote this row (a plain django-apscheduler "
        "scheduler, for instance), or SECRET_KEY has changed."
    )
    return said % {"job": job_id}


def kinds_that_nobody_runs(
    kinds: Iterable[str], told: list[list[str] | None], now: datetime
) -> list[str]:
    """Those of these kinds, and of the ones known here, that have due jobs and nobody to run them.

    `told` holds the kinds that each scheduler that is alive says it knows. If one doesn't say (it
    is of an earlier version), or none is alive, the list is empty: then that has to be mended
    first. It takes a query or two for each kind that nobody knows.
    """
    if not told or None in told:
        return []
    known = {label for each in told for label in each or ()}
    since = now - timedelta(seconds=Conf.load().lease_seconds)
    return sorted(label for label in {*kinds, *known_kinds()} - known if _waits(label, since))


def _waits(label: str, since: datetime) -> bool:
    due = rows_of(DjangoJob).filter(id__startswith=f"{label}:", next_run_time__lte=since)
    asked = Execution.objects.requested(since).filter(job_id__startswith=f"{label}:")
    return due.exists() or asked.exists()
