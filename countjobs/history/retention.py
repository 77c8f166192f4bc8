"""Which runs have been kept for long enough.

How a chain of attempts ended decides about all of its attempts, so none is deleted without the
others. They were all due at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.db.models.functions import Coalesce

from countjobs.database.primary import rows_of
from countjobs.models import Execution
from countjobs.models.executions import ACTIVE, FAILURES
from countjobs.models.kinds import concrete_definitions
from countjobs.models.rules import MOST_DAYS

NOT_CHAINED = models.Q(first_attempt__isnull=True, next_attempt__isnull=True)


@dataclass(frozen=True)
class Bounds:
    """Before which moments runs are deleted."""

    others: datetime
    failures: datetime
    """For runs that failed. It isn't after `others`."""

    @classmethod
    def of(cls, now: datetime, days: int, days_failures: int) -> Bounds:
        """The moments so many days ago. For failures, the longer of both numbers counts."""
        longer = max(days, days_failures)
        return cls(now - timedelta(days=days), now - timedelta(days=longer))


def ended(kept: models.Q | None = None) -> models.Q:
    """Runs that have ended, but not those that are `kept`: for a chain, its last attempt counts."""
    kept = models.Q(status__in=ACTIVE) | (kept or models.Q(pk__in=[]))
    chain = Execution.objects.filter(
        first_attempt=Coalesce(models.OuterRef("first_attempt"), models.OuterRef("pk"))
    )
    kept_end = models.Q(models.Exists(chain.ends_of_chains().filter(kept)))
    is_end = models.Q(next_attempt__isnull=True)
    return ~models.Q(status__in=ACTIVE) & ((is_end & ~kept) | (~is_end & ~kept_end))


def ended_before(bounds: Bounds) -> models.Q:
    """Runs that have ended and were due before these moments."""
    failures = models.Q(status__in=FAILURES, scheduled_at__gte=bounds.failures)
    return models.Q(scheduled_at__lt=bounds.others) & ended(failures)


def kept_by_definitions() -> dict[str, int]:
    """The days of each definition that says itself for how long its runs are kept, by job id."""
    found: dict[str, int] = {}
    for kind in concrete_definitions():
        # Raw SQL may have put 0 there: then the settings count.
        rows = rows_of(kind).filter(keep_days__gte=1).order_by()
        for pk, days in rows.values_list("pk", "keep_days"):
            found[kind.job_id_of(pk)] = min(days or MOST_DAYS, MOST_DAYS)
    return found
