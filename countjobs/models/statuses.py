"""How an execution stands, and why it came to be."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """How an execution stands."""

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
"""SQL for the same, for updates by key. It isn't the condition of the partial indexes: PostgreSQL
would rather walk those, past all that were active a moment ago, than look up the keys."""

FAILURES = (Status.FAILED, Status.TIMED_OUT, Status.LOST)
"""What went wrong after it had begun."""
PROBLEMS = (*FAILURES, Status.MISSED, Status.SKIPPED)
"""How an execution ends that didn't do what it was due for. Who cancels one wants it so."""
TROUBLES = (*PROBLEMS, Status.CANCELLED)
"""How an execution ends otherwise than by success."""


class Trigger(models.TextChoices):
    """Why an execution came to be."""

    SCHEDULE = "schedule", _("schedule")
    MANUAL = "manual", _("by hand")
    RETRY = "retry", _("retry")
    API = "api", _("API")


OWED = (Trigger.SCHEDULE, Trigger.RETRY)
"""What was claimed by a scheduler that is gone, and the next attempts of what it ran: nobody skips
these for another run of the same job; they wait for it.
"""
