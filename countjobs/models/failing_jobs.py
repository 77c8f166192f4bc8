"""Jobs that fail: the last attempt of a run went wrong, and no run has succeeded since."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.database.primary import PrimaryQuerySet


class FailingJobQuerySet(PrimaryQuerySet["FailingJob"]):
    """Queries about jobs that fail."""


class FailingJob(models.Model):
    """A job that fails. Its row goes when a run succeeds, or the job is paused or deleted."""

    job_id = models.CharField(_("job id"), max_length=255, primary_key=True)
    job_name = models.CharField(_("job"), max_length=255)
    since = models.DateTimeField(_("due at"))
    """When the first run was due that failed."""
    noted_at = models.DateTimeField(_("failing since"))
    """When that run was recorded."""
    execution_id = models.BigIntegerField(editable=False)
    """That run's key. There is no foreign key: retention may delete the run."""

    objects = FailingJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("failing job")
        verbose_name_plural = _("failing jobs")
        default_permissions = ()

    def __str__(self) -> str:
        return self.job_id
