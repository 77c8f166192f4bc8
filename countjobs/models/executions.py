"""Runs (the table `Execution`): the history of what ran, when, and how it went.

A row is written when a due run is claimed or a run is requested. `countjobs.history.lifecycle`
describes how its status changes from then on. A row has no foreign keys: it outlives its
definition, its job and the scheduler that ran it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Self

from django.db import connections, models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from countjobs.database.primary import PrimaryQuerySet
from countjobs.models.fields import OrderedJSONField
from countjobs.models.holds import NOT_HELD
from countjobs.models.newest_runs import Past, read_newest
from countjobs.models.statuses import (
    ACTIVE,
    FAILURES,
    OWED,
    PROBLEMS,
    TROUBLES,
    UNFINISHED,
    Status,
    Trigger,
)
from countjobs.text import visible

__all__ = ["ACTIVE", "FAILURES", "OWED", "PROBLEMS", "TROUBLES", "UNFINISHED", "Status", "Trigger"]
__all__ += ["Execution", "ExecutionQuerySet"]

READY_AT = Coalesce("not_before", "scheduled_at")
"""When a run that waits may be taken. An index has it."""

_TIMES = ("status", "trigger", "scheduled_at", "not_before", "started_at", "finished_at")


class ExecutionQuerySet(PrimaryQuerySet["Execution"]):
    """The queries that schedulers and pages make on the history."""

    def active(self) -> Self:
        """Runs that have not finished. The partial index answers this."""
        # Both conditions: SQLite can't see that the parameters are the statuses of the index.
        return self.filter(status__in=ACTIVE, finished_at__isnull=True)

    def going_on(self) -> Self:
        """Runs that a scheduler is carrying out now."""
        return self.active().filter(status=Status.RUNNING).exclude(node="")

    def due(self, since: datetime, until: datetime) -> Self:
        """Runs that were due between two instants, both included."""
        return self.filter(scheduled_at__gte=since, scheduled_at__lte=until)

    def begun(self, since: datetime, until: datetime) -> Self:
        """Those of them that have started, whether they have finished or not."""
        return self.due(since, until).filter(started_at__isnull=False)

    def failures(self, since: datetime, until: datetime) -> Self:
        """Those of them that failed, each chain of attempts once. A partial index finds them."""
        return self.due(since, until).filter(trouble__in=FAILURES).ends_of_chains()

    def unclaimed(self) -> Self:
        """Runs that no scheduler has taken, oldest first, but not those that wait for a run."""
        going_on = self.model.objects.active().exclude(node="")
        goes_on = models.Exists(going_on.filter(job_id=models.OuterRef("job_id")))
        return (
            self.active()
            .filter(status=Status.QUEUED, node="")
            .exclude(models.Q(trigger__in=OWED) & goes_on)
            .alias(ready_at=READY_AT)
            .order_by("ready_at", "pk")
        )

    def requested(self, now: datetime) -> Self:
        """Requested runs that are due and may be taken, oldest first; none while jobs are held."""
        return self.unclaimed().filter(NOT_HELD, ready_at__lte=now)

    def waiting_attempts(self, job_ids: Collection[str]) -> Self:
        """The retries of these jobs that wait for their time, or for another run to end."""
        waiting = self.active().filter(node="", trigger=Trigger.RETRY, not_before__isnull=False)
        return waiting.filter(job_id__in=job_ids)

    def attempts_of(self, execution: Execution) -> Self:
        """All attempts of the chain that a run belongs to, in order."""
        first = execution.first_attempt or execution.pk
        return self.filter(models.Q(pk=first) | models.Q(first_attempt=first)).order_by("attempt")

    def ends_of_chains(self) -> Self:
        """Without attempts that another one follows: a chain counts once, by its end."""
        return self.filter(next_attempt__isnull=True)

    def with_status(self, status: str) -> Self:
        """Runs with this status, by an index. Only `succeeded` has none: most runs have it."""
        if status in TROUBLES:
            return self.filter(trouble=status)
        if status in ACTIVE:
            return self.active().filter(status=status)
        return self.filter(status=status) if status in Status.values else self.none()

    def of_jobs(self, job_ids: Collection[str]) -> Self:
        """Runs of these jobs. The runs of a single job come in the order of its index."""
        if len(job_ids) == 1:
            return self.filter(job_id=next(iter(job_ids)))
        return self.filter(job_id__in=job_ids)

    def due_between(self, start: datetime | None, end: datetime | None) -> Self:
        """Runs that were due from `start` on and before `end`. Either may be None."""
        found = self if start is None else self.filter(scheduled_at__gte=start)
        return found if end is None else found.filter(scheduled_at__lt=end)

    def before(self, execution: Execution) -> Self:
        """The earlier runs of the same job, nearest first."""
        at, is_before = execution.scheduled_at, models.Q(pk__lt=execution.pk)
        earlier = self.filter(job_id=execution.job_id, scheduled_at__lte=at)
        return earlier.filter(models.Q(scheduled_at__lt=at) | is_before).newest_first()

    def after(self, execution: Execution) -> Self:
        """The later runs of the same job, nearest first."""
        at, is_after = execution.scheduled_at, models.Q(pk__gt=execution.pk)
        later = self.filter(job_id=execution.job_id, scheduled_at__gte=at)
        return later.filter(models.Q(scheduled_at__gt=at) | is_after).order_by("scheduled_at", "pk")

    def newest_first(self) -> Self:
        """In the order in which the pages show them."""
        return self.order_by("-scheduled_at", "-pk")

    def newest_of(self, job_id: str, most: int) -> Self:
        """The newest runs of one job, each chain once. An index gives this order."""
        return self.filter(job_id=job_id).ends_of_chains().newest_first().only(*_TIMES)[:most]

    def newest_of_each(
        self, job_ids: Iterable[str], most: int, *, ended: bool = False
    ) -> list[Past]:
        """The newest runs of each of these jobs, newest first, at most `most` per job.

        A chain of attempts counts once, by its end. It is one statement, whose cost depends only on
        how much it returns. With `ended`, queued and running ones are skipped. Other filters of
        this queryset are ignored.
        """
        condition = f"NOT ({UNFINISHED})" if ended else "true"
        return read_newest(connections[self.db], self.model, job_ids, most, condition)

    def jobs_with_problems(self, prefix: str, rows: int, most: int) -> list[str]:
        """The ids of jobs with this prefix that had problems lately, at most `most`.

        It looks at no more than the newest `rows` runs without success, each attempt by itself, by
        an index that holds nothing else.
        """
        troubles = self.filter(trouble__isnull=False).newest_first()
        newest = troubles.values_list("job_id", "trouble")[:rows]
        found = (job_id for job_id, how in newest if how in PROBLEMS)
        return list(dict.fromkeys(job_id for job_id in found if job_id.startswith(prefix)))[:most]

    def jobs_last_ended(self, how: Collection[str], job_ids: Iterable[str]) -> list[str]:
        """Those of these jobs whose newest finished run has one of these statuses."""
        return [p.job_id for p in self.newest_of_each(job_ids, 1, ended=True) if p.status in how]

    def for_list(self) -> Self:
        """Without the texts, which lists don't show and which may be long."""
        return self.defer("output", "traceback", "parameters")

    def in_brief(self) -> Self:
        """Only with what a line about a run shows: its job, its status and times."""
        return self.only("job_id", "job_name", *_TIMES)


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
    scheduled_at = models.DateTimeField(_("due at"))
    started_at = models.DateTimeField(pgettext_lazy("a run", "started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    node = models.CharField(_("scheduler"), max_length=255, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    not_before = models.DateTimeField(
        _("not before"), null=True, help_text=_("A retry waits until then.")
    )
    first_attempt = models.BigIntegerField(null=True, editable=False)
    """The key of the first attempt, for each further one."""
    next_attempt = models.BigIntegerField(null=True, editable=False)
    """The key of the attempt that follows this one. A run that has one isn't the end of its chain,
    and doesn't count as a failure of its job."""
    requested_by = models.CharField(_("requested by"), max_length=255, blank=True)
    cancel_requested_at = models.DateTimeField(_("asked to stop"), null=True)
    cancel_requested_by = models.CharField(
        _("asked to stop by"), max_length=255, blank=True, default="", db_default=""
    )
    parameters = OrderedJSONField(_("parameters"), default=dict, blank=True)
    output = models.TextField(_("output"), blank=True)
    error = models.TextField(_("error"), blank=True)
    traceback = models.TextField(_("traceback"), blank=True)
    folded = models.PositiveBigIntegerField(
        _("folded"), default=0, help_text=_("How many earlier fire times this run stands for.")
    )
    progress_done = models.BigIntegerField(_("done"), null=True, editable=False)
    progress_total = models.BigIntegerField(_("total"), null=True, editable=False)
    trouble = models.GeneratedField(
        expression=models.Case(
            models.When(status__in=TROUBLES, then=models.F("status")),
            default=models.Value(None),
        ),
        output_field=models.CharField(max_length=16, null=True),
        db_persist=True,
    )
    """The status again, if the run ended without success; otherwise null.

    It is there for an index of these few rows. An index of the status itself would rule out HOT
    updates: PostgreSQL would update every index of the table when a run starts.
    """

    objects = ExecutionQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        default_permissions = ("view",)
        get_latest_by = "scheduled_at"
        constraints = [
            models.UniqueConstraint(
                fields=["job_id", "scheduled_at"],
                condition=models.Q(trigger="schedule"),
                name="countjobs_one_run_per_fire_time",
            ),
            models.UniqueConstraint(
                fields=["first_attempt", "attempt"],
                condition=models.Q(first_attempt__isnull=False),
                name="countjobs_one_run_per_attempt",
            ),
        ]
        indexes = [
            models.Index(fields=["-scheduled_at", "-id"], name="countjobs_newest"),
            models.Index(fields=["job_id", "-scheduled_at", "-id"], name="countjobs_newest_of_job"),
            models.Index(
                READY_AT,
                "id",
                condition=models.Q(node="", finished_at__isnull=True),
                name="countjobs_ready",
            ),
            models.Index(
                fields=["job_id"],
                condition=models.Q(finished_at__isnull=True),
                name="countjobs_active_of_job",
            ),
            models.Index(
                fields=["-scheduled_at", "-id", "job_id", "trouble"],
                condition=models.Q(trouble__isnull=False),
                name="countjobs_troubles",
            ),
            models.Index(
                fields=["job_id", "trouble", "-scheduled_at", "-id"],
                condition=models.Q(trouble__isnull=False),
                name="countjobs_trouble_of_job",
            ),
            models.Index(
                fields=["trouble", "-scheduled_at", "-id"],
                condition=models.Q(trouble__isnull=False),
                name="countjobs_newest_trouble",
            ),
            models.Index(
                fields=["trigger", "-scheduled_at", "-id"],
                condition=~models.Q(trigger="schedule"),
                name="countjobs_newest_by_trigger",
            ),
            models.Index(
                fields=["trigger", "trouble", "-scheduled_at", "-id"],
                condition=~models.Q(trigger="schedule") & models.Q(trouble__isnull=False),
                name="countjobs_trouble_by_trigger",
            ),
        ]

    def __str__(self) -> str:
        return f"{visible(self.job_name)} · {self.scheduled_at:%Y-%m-%d %H:%M:%S %Z}"

    @property
    def lateness(self) -> timedelta | None:
        """How long after it was due, or after its retry might begin, the run started."""
        return self.started_at - (self.not_before or self.scheduled_at) if self.started_at else None

    @property
    def duration(self) -> timedelta | None:
        """How long the run took."""
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None
