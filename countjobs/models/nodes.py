"""Schedulers that are running or have run. Their heartbeats tell which of them are alive."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.conf import Conf
from countjobs.database.primary import PrimaryQuerySet


class State(models.TextChoices):
    """What a scheduler says it is doing. When it is dead, another one sets this to “stopped”."""

    RUNNING = "running", _("running")
    DRAINING = "draining", _("draining")
    STOPPED = "stopped", _("stopped")


MOST_REASON = 500
"""Characters of the reason why a scheduler can't claim."""


class SchedulerNodeQuerySet(PrimaryQuerySet["SchedulerNode"]):
    """Queries about schedulers."""

    def alive(self, now: datetime) -> Self:
        """Schedulers that run jobs: not stopped, and with a heartbeat within the lease."""
        lease = timedelta(seconds=Conf.load().lease_seconds)
        return self.exclude(state=State.STOPPED).filter(heartbeat__gt=now - lease)

    def with_life(self, now: datetime) -> Self:
        """Annotate each with `lives`: whether it is alive."""
        alive = self.model.objects.alive(now).filter(pk=models.OuterRef("pk"))
        return self.annotate(lives=models.Exists(alive))


class SchedulerNode(models.Model):
    """One `runscheduler`, or one scheduler embedded in a program."""

    State = State

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(_("machine"), max_length=255)
    pid = models.PositiveIntegerField(_("process id"))
    version = models.CharField(_("version"), max_length=32)
    started = models.DateTimeField(_("started"))
    heartbeat = models.DateTimeField(_("heartbeat"))
    capacity = models.PositiveIntegerField(
        _("capacity"), help_text=_("How many runs can go on at once.")
    )
    state = models.CharField(
        _("state"), max_length=16, choices=State.choices, default=State.RUNNING
    )
    # They have defaults in the database: an earlier version's schedulers write rows without them.
    cannot_claim = models.CharField(
        _("can't start runs"),
        max_length=MOST_REASON,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text=_("Why it can't start runs now. Empty while all is well."),
    )
    given_up = models.PositiveIntegerField(
        _("threads given up"),
        default=0,
        db_default=0,
        editable=False,
        help_text=_("How many of its threads still carry out runs that were to stop."),
    )
    kinds = models.JSONField(_("kinds of job"), null=True, default=None, editable=False)
    """The labels of the kinds of definition that it knows; null if unknown."""

    callees = models.JSONField(null=True, default=None, editable=False)
    """The functions and commands that it knows (see `countjobs.functions.callees`); null if
    unknown."""

    objects = SchedulerNodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("scheduler")
        verbose_name_plural = _("schedulers")
        default_permissions = ("view",)
        ordering = ("-heartbeat",)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Its name in runs: readable, and unique even if hosts and pids are reused."""
        return f"{self.host}:{self.pid}:{str(self.uuid)[:8]}"
