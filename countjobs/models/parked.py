"""Parked jobs: rows of the job store that can't be run as they are, and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.database.primary import PrimaryQuerySet

FIRST_LOOK = timedelta(minutes=1)
"""How long after a job was parked it is looked at again. Each later pause is twice as long."""
LAST_LOOK = timedelta(hours=1)
"""The longest time between two looks."""


class ParkedJobQuerySet(PrimaryQuerySet["ParkedJob"]):
    """The questions asked of parked jobs."""

    def to_look_at(self, now: datetime) -> Self:
        """Those whose turn it is, the longest waiting first."""
        never = models.Q(look_again_at__isnull=True, parked_at__lte=now - FIRST_LOOK)
        return self.filter(never | models.Q(look_again_at__lte=now)).order_by(
            models.F("look_again_at").asc(nulls_first=True), "parked_at"
        )

    def put_off(self, job_ids: list[str], now: datetime) -> None:
        """Look at those that are still parked again later, after a longer pause each time."""
        for parked in self.filter(job_id__in=job_ids):
            parked.looks = min(parked.looks + 1, 16)
            parked.look_again_at = now + min(FIRST_LOOK * 2**parked.looks, LAST_LOOK)
            parked.save(update_fields=["looks", "look_again_at"])


class ParkedJob(models.Model):
    """A job that is broken: its row keeps what it held, has no next run, and waits to be mended.

    Schedulers look at it again from time to time. Saving the definition, or `syncjobs` once the
    cause is gone, takes it out of here at once.
    """

    job_id = models.CharField(_("job id"), max_length=255, primary_key=True)
    error = models.TextField(_("error"))
    parked_at = models.DateTimeField(_("parked at"))
    # Earlier versions write rows without these.
    looks = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    """How often it was looked at again in vain."""
    look_again_at = models.DateTimeField(null=True, editable=False)
    """When it is looked at again; null before the first time."""

    objects = ParkedJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("broken job")
        verbose_name_plural = _("broken jobs")
        default_permissions = ("view",)
        ordering = ("-parked_at",)

    def __str__(self) -> str:
        return f"{self.job_id}: {self.error}"
