"""Jobs that are watched: those that pause themselves, or count as silent after a while."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.database.primary import PrimaryQuerySet


class JobWatchQuerySet(PrimaryQuerySet["JobWatch"]):
    """Queries about watched jobs."""


class JobWatch(models.Model):
    """What is known of a watched job. There is a row while a definition has `pause_after` or
    `most_silence`, and is enabled or has paused itself. Any other job has one while it is silent.
    """

    job_id = models.CharField(_("job id"), max_length=255, primary_key=True)
    counts_from = models.DateTimeField()
    """Failures and silence before this don't count: it was paused, or not watched."""
    silent_since = models.DateTimeField(null=True)
    """Its last success, or `counts_from` if it has had none since. Null: it isn't silent."""
    is_by_schedule = models.BooleanField(default=False, db_default=False)
    """Whether it is silent by its schedule, not by `most_silence`."""
    paused_at = models.DateTimeField(null=True)
    """When it paused itself."""
    paused_after = models.PositiveIntegerField(default=0)
    """After how many failures."""

    objects = JobWatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("watched job")
        verbose_name_plural = _("watched jobs")
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["silent_since"],
                condition=models.Q(silent_since__isnull=False),
                name="countjobs_silent",
            ),
            models.Index(
                fields=["paused_at"],
                condition=models.Q(paused_at__isnull=False),
                name="countjobs_paused_itself",
            ),
        ]

    def __str__(self) -> str:
        return self.job_id
