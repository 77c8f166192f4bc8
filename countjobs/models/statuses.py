"""The status of a run, and what triggered it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """The status of a run."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED = "failed", _("failed")
    TIMED_OUT = "timed_out", _("timed out")
    LOST = "lost", _("lost")
    CANCELLED = "cancelled", _("cancelled")
    MISSED = "missed", _("missed")
    SKIPPED = "skipped", _("skipped")


ACTIVE = (Status.QUEUED, Status.RUNNING)
UNFINISHED = "status IN ('queued', 'running')"
"""SQL for the same, for updates by key. It deliberately differs from the condition of the partial
indexes. Otherwise PostgreSQL would scan these indexes, including entries of runs that have just
finished, and not look the keys up."""

FAILURES = (Status.FAILED, Status.TIMED_OUT, Status.LOST)
"""How a run ends that went wrong after it had started."""
PROBLEMS = (*FAILURES, Status.MISSED, Status.SKIPPED)
"""How a run ends that didn't do its work. A cancelled one isn't a problem: somebody wanted that."""
TROUBLES = (*PROBLEMS, Status.CANCELLED)
"""How a run ends without success."""


class Trigger(models.TextChoices):
    """What triggered a run."""

    SCHEDULE = "schedule", _("schedule")
    MANUAL = "manual", _("by hand")
    RETRY = "retry", _("next attempt")
    API = "api", _("API")


OWED = (Trigger.SCHEDULE, Trigger.RETRY)
"""Runs that were claimed by a scheduler which is gone, or that wait because of `overlap`, and next
attempts. These are not skipped because of another run of the same job: they wait for it.
"""
