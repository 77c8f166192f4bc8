"""The status of a run, and why it came to be."""

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
"""SQL for the same, for updates by key. It isn't the condition of the partial indexes, or
PostgreSQL would walk those, past all that were active a moment ago, instead of looking up the keys.
"""

FAILURES = (Status.FAILED, Status.TIMED_OUT, Status.LOST)
"""Runs that started, and went wrong."""
PROBLEMS = (*FAILURES, Status.MISSED, Status.SKIPPED)
"""Runs that didn't do what they were due for. Cancelling one is no problem: somebody wanted it.
"""
TROUBLES = (*PROBLEMS, Status.CANCELLED)
"""Every way to end but success."""


class Trigger(models.TextChoices):
    """Why a run came to be."""

    SCHEDULE = "schedule", _("schedule")
    MANUAL = "manual", _("by hand")
    RETRY = "retry", _("retry")
    API = "api", _("API")


OWED = (Trigger.SCHEDULE, Trigger.RETRY)
"""Runs that a scheduler that is gone had claimed, and the next attempts of those that it ran. They
are not skipped for another run of the same job; they wait for it.
"""
