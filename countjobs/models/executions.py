"""Executions: the history of what ran, when, and how it went.

A row is written when a fire time is claimed, and its states are

    queued → running → succeeded | failed | timed_out | lost
    queued → cancelled | failed | skipped, where it can't begin

`missed` (too late) and `skipped` (too many at once) are written at once, instead of a run. A row
points to nothing: it outlives its definition, its job and the scheduler that ran it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Self

from django.db import connections, models
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from countjobs.models.fields import OrderedJSONField
from countjobs.models.newest import Past, read_newest


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


PROBLEMS = (Status.FAILED, Status.TIMED_OUT, Status.LOST, Status.MISSED, Status.SKIPPED)
"""How an execution ends that didn't do what it was due for. Who cancels one wants it so."""
_IS_PROBLEM = f"status IN ({', '.join(repr(status.value) for status in PROBLEMS)})"


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


_TIMES = ("status", "trigger", "scheduled_at", "started_at", "finished_at")


class ExecutionQuerySet(models.QuerySet["Execution"]):
    """The questions that schedulers and pages ask of the history."""

    def active(self) -> Self:
        """Those that have not ended. The partial index answers this."""
        # By its condition, too: SQLite can't tell that a list of parameters is one of statuses.
        return self.filter(status__in=ACTIVE, finished_at__isnull=True)

    def going_on(self) -> Self:
        """Those that run now, in a scheduler."""
        return self.active().filter(status=Status.RUNNING).exclude(node="")

    def due(self, since: datetime, until: datetime) -> Self:
        """Those that were due from an instant on, up to another."""
        return self.filter(scheduled_at__gte=since, scheduled_at__lte=until)

    def begun(self, since: datetime, until: datetime) -> Self:
        """Those of them that have begun, whether they have ended or not."""
        return self.due(since, until).filter(started_at__isnull=False)

    def failures(self, since: datetime, until: datetime) -> Self:
        """Those of them that failed. A partial index answers this."""
        return self.due(since, until).filter(status__in=FAILURES)

    def unclaimed(self) -> Self:
        """Those that no scheduler has taken, oldest first; but those that wait for another run."""
        going_on = self.model.objects.active().exclude(node="")
        goes_on = models.Exists(going_on.filter(job_id=models.OuterRef("job_id")))
        return (
            self.active()
            .filter(status=Status.QUEUED, node="")
            .exclude(models.Q(trigger__in=OWED) & goes_on)
            .order_by("scheduled_at", "pk")
        )

    def requested(self, now: datetime) -> Self:
        """Those that were asked for, are due, and may be taken; oldest first."""
        return self.unclaimed().filter(scheduled_at__lte=now)

    def newest_first(self) -> Self:
        """In the order of the pages."""
        return self.order_by("-scheduled_at", "-pk")

    def newest_of(self, job_id: str, most: int) -> Self:
        """The newest of one job, with what figures need. An index gives them in this order."""
        return self.filter(job_id=job_id).newest_first().only(*_TIMES)[:most]

    def newest_of_each(
        self, job_ids: Iterable[str], most: int, *, ended: bool = False
    ) -> list[Past]:
        """The newest executions of each of these jobs, at the most so many a job, newest first.

        It is one statement, and costs as much as what it returns. What is queued or running is
        passed over where they shall have `ended`. No other filters of this queryset hold.
        """
        condition = f"NOT ({UNFINISHED})" if ended else "true"
        return read_newest(connections[self.db], self.model, job_ids, most, condition)

    def jobs_with_problems(self, prefix: str, rows: int, most: int) -> list[str]:
        """The ids of jobs that begin so, by their newest problems: at the most so many.

        No more than the newest `rows` problems are looked at, by an index that holds nothing else.
        """
        # In so many words: SQLite can't tell that parameters are what the index's condition says.
        is_problem = RawSQL(_IS_PROBLEM, (), models.BooleanField())  # noqa: S611  # no input in it
        problems = self.filter(is_problem, job_id__startswith=prefix)
        newest = problems.order_by("-scheduled_at").values_list("job_id", flat=True)[:rows]
        return list(dict.fromkeys(newest))[:most]

    def jobs_last_ended(self, how: Collection[str], job_ids: Iterable[str]) -> list[str]:
        """Those of these jobs of which the newest execution that has ended did so in such a way."""
        newest = self.newest_of_each(job_ids, 1, ended=True)
        return [past.job_id for past in newest if past.status in how]

    def for_list(self) -> Self:
        """Without the texts, which lists don't show and which may be long."""
        return self.defer("output", "traceback", "parameters")

    def in_brief(self) -> Self:
        """With what a line about a run tells: whose it is, how it stands, due when, begun when."""
        return self.only("job_id", "job_name", "status", "scheduled_at", "started_at")


class Execution(models.Model):
    """A run of a job, or why there was none."""

    Status = Status
    Trigger = Trigger

    id = models.BigAutoField(primary_key=True)
    job_id = models.CharField(_("job id"), max_length=255)
    job_name = models.CharField(_("job"), max_length=255)
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.QUEUED
    )
    trigger = models.CharField(
        _("trigger"), max_length=16, choices=Trigger.choices, default=Trigger.SCHEDULE
    )
    scheduled_at = models.DateTimeField(_("scheduled at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    node = models.CharField(_("node"), max_length=255, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    requested_by = models.CharField(_("requested by"), max_length=255, blank=True)
    parameters = OrderedJSONField(_("parameters"), default=dict, blank=True)
    output = models.TextField(_("output"), blank=True)
    error = models.TextField(_("error"), blank=True)
    traceback = models.TextField(_("traceback"), blank=True)
    folded = models.PositiveBigIntegerField(
        _("folded"), default=0, help_text=_("How many earlier fire times this run stands for.")
    )

    objects = ExecutionQuerySet.as_manager()

    class Meta:
        verbose_name = _("execution")
        verbose_name_plural = _("executions")
        default_permissions = ("view",)
        get_latest_by = "scheduled_at"
        constraints = [
            models.UniqueConstraint(
                fields=["job_id", "scheduled_at"],
                condition=models.Q(trigger="schedule"),
                name="countjobs_one_run_per_fire_time",
            )
        ]
        indexes = [
            models.Index(fields=["-scheduled_at", "-id"], name="countjobs_newest"),
            models.Index(fields=["job_id", "-scheduled_at", "-id"], name="countjobs_newest_of_job"),
            models.Index(
                fields=["scheduled_at"],
                condition=models.Q(node="", finished_at__isnull=True),
                name="countjobs_requested",
            ),
            models.Index(
                fields=["job_id"],
                condition=models.Q(finished_at__isnull=True),
                name="countjobs_active_of_job",
            ),
            models.Index(
                fields=["-scheduled_at", "job_id"],
                condition=models.Q(status__in=PROBLEMS),
                name="countjobs_problems",
            ),
            models.Index(
                fields=["-scheduled_at", "-id"],
                condition=models.Q(status__in=FAILURES),
                name="countjobs_failures",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_name} · {self.scheduled_at:%Y-%m-%d %H:%M:%S %Z}"

    @property
    def lateness(self) -> timedelta | None:
        """How long after its fire time the run began."""
        return self.started_at - self.scheduled_at if self.started_at else None

    @property
    def duration(self) -> timedelta | None:
        """How long the run took."""
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None
