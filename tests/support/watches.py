"""Jobs that are silent, and jobs that paused themselves, as schedulers leave them."""

from __future__ import annotations

from datetime import datetime

from countjobs.models import JobDefinition, JobWatch
from tests.support.factories import NOON


def silence(definition: JobDefinition, since: datetime = NOON) -> None:
    """It is silent."""
    definition.most_silence = 60
    definition.save()
    JobWatch.objects.update_or_create(
        job_id=definition.job_id, defaults={"silent_since": since, "counts_from": since}
    )


def pause_itself(definition: JobDefinition, at: datetime = NOON, after: int = 3) -> None:
    """It has paused itself."""
    JobWatch.objects.update_or_create(
        job_id=definition.job_id,
        defaults={"paused_at": at, "paused_after": after, "counts_from": at},
    )
    type(definition)._default_manager.filter(pk=definition.pk).update(enabled=False)
    definition.refresh_from_db()
