"""Broken jobs, which are set aside: rows of the job store that can't run, and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.database.primary import PrimaryQuerySet

FIRST_LOOK = timedelta(minutes=1)
"""How soon a parked job is checked again. Each further check comes after twice the time."""
LAST_LOOK = timedelta(hours=1)
"""The longest time between two checks."""


class ParkedJobQuerySet(PrimaryQuerySet["ParkedJob"]):
    """Queries about broken jobs."""

    def to_look_at(self, now: datetime) -> Self:
        """Jobs whose next check is due. Those that have waited longest come first."""
        never = models.Q(look_again_at__isnull=True, parked_at__lte=now - FIRST_LOOK)
        return self.filter(never | models.Q(look_again_at__lte=now)).order_by(
            models.F("look_again_at").asc(nulls_first=True), "parked_at"
        )

    def put_off(self, job_ids: list[str], now: datetime) -> None:
        """Put off the next check of those that are still set aside, each time for longer."""
        for parked in self.filter(job_id__in=job_ids):
            parked.looks = min(parked.looks + 1, 16)
            parked.look_again_at = now + min(FIRST_LOOK * 2**parked.looks, LAST_LOOK)
            parked.save(update_fields=["looks", "look_again_at"])


class ParkedJob(models.Model):
    """A broken job. Its row in the job store is kept, but has no next run until it is mended.

    Schedulers check it again from time to time. Once the cause is gone, saving the definition or
    `syncjobs` takes it out of this table at once.
    """

    job_id = models.CharField(_("job id"), max_length=255, primary_key=True)
    error = models.TextField(_("error"))
    parked_at = models.DateTimeField(_("broken since"))
    # Earlier versions write rows without these.
    looks = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    """How often it was checked again in vain."""
    look_again_at = models.DateTimeField(null=True, editable=False)
    """When it is checked again; null before the first time."""

    objects = ParkedJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("broken job")
        verbose_name_plural = _("broken jobs")
        default_permissions = ("view",)
        ordering = ("-parked_at",)

    def __str__(self) -> str:
        return f"{self.job_id}: {self.error}"
