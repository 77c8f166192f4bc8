"""Parked jobs: rows of the job store that can't be run as they are, and why."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.primary import PrimaryQuerySet


class ParkedJob(models.Model):
    """A job that is broken: its row keeps what it held, has no next run, and waits to be mended.

    Saving the definition, or `syncjobs` once the cause is gone, takes it out of here.
    """

    job_id = models.CharField(_("job id"), max_length=255, primary_key=True)
    error = models.TextField(_("error"))
    parked_at = models.DateTimeField(_("parked at"))

    objects = PrimaryQuerySet["ParkedJob"].as_manager()

    class Meta:
        verbose_name = _("broken job")
        verbose_name_plural = _("broken jobs")
        default_permissions = ("view",)
        ordering = ("-parked_at",)

    def __str__(self) -> str:
        return f"{self.job_id}: {self.error}"
