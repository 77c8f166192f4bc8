"""Definitions: when a job runs, and what it does."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import MaxValueValidator
from django.db import DEFAULT_DB_ALIAS, models, router, transaction
from django.utils import timezone as django_timezone
from django.utils.translation import gettext_lazy as _

from countjobs.models.fields import CronField, IntervalField
from countjobs.models.names import LONGEST, validate_name
from countjobs.models.rules import Rules
from countjobs.models.validity import (
    ENDED,
    EPOCH,
    ScheduleError,
    check_all,
    errors_to_show,
    more_checks,
    sentences,
)
from countjobs.models.writes import JobDefinitionQuerySet, may_lack_start
from countjobs.run_context import progress
from countjobs.text import describe, shown, visible
from countjobs.triggers import (
    CRON_DEFAULTS,
    BoundedTrigger,
    IntervalTrigger,
    OnceTrigger,
    ScheduleTrigger,
    zone_names,
)

WHEN = frozenset(
    {
        *("schedule_type", *CRON_DEFAULTS, "every", "run_at"),
        *("timezone", "start_date", "end_date", "enabled"),
    }
)
"""The fields that decide whether a definition has any runs."""


def default_timezone() -> str:
    """The project's TIME_ZONE."""
    return django_timezone.get_default_timezone_name()


def validate_timezone(name: str) -> None:
    """Check that a time zone's name is in the IANA database. Raises ValidationError."""
    if name not in zone_names():
        raise ValidationError(
            _("There is no time zone “%(name)s”. Examples: UTC, Asia/Tokyo, Europe/London."),
            code="timezone",
            params={"name": shown(name)},
        )


class ScheduleType(models.TextChoices):
    """What says when a definition is due."""

    CRON = "cron", _("cron fields")
    INTERVAL = "interval", _("interval")
    ONCE = "once", _("once")


class JobDefinition(Rules):
    """A kind of job: subclass it, add typed fields, write `run`, and register it in the admin.

    The base class holds what every job has: a name, a schedule, and rules for late and overlapping
    runs.
    """

    name = models.CharField(_("name"), max_length=LONGEST, unique=True)
    group = models.CharField(
        _("group"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        db_index=True,
        help_text=_("A word of your choice. Lists can be filtered by it."),
    )
    description = models.TextField(_("description"), blank=True)
    enabled = models.BooleanField(_("enabled"), default=True)

    schedule_type = models.CharField(
        _("type of schedule"),
        max_length=16,
        choices=ScheduleType.choices,
        default=ScheduleType.CRON,
        db_default=ScheduleType.CRON,
    )
    every = IntervalField(
        _("every"),
        null=True,
        blank=True,
        help_text=_(
            "Counted from the start; if there is none, from when this is saved. Whole days keep "
            "the time of day."
        ),
    )
    run_at = models.DateTimeField(_("run at"), null=True, blank=True)
    year = CronField(_("year"), help_text=_("1970–2199"))
    month = CronField(_("month"), help_text=_("1–12 or jan–dec"))
    day = CronField(_("day"), help_text=_("1–31, last, 2nd mon, last fri"))
    week = CronField(_("week"), help_text=_("ISO week, 1–53"))
    day_of_week = CronField(_("day of week"), help_text=_("mon–sun, or 0 (mon) – 6 (sun)"))
    hour = CronField(_("hour"), help_text=_("0–23"))
    minute = CronField(_("minute"), help_text=_("0–59"))
    second = CronField(_("second"), help_text=_("0–59"))
    start_date = models.DateTimeField(_("start"), null=True, blank=True)
    end_date = models.DateTimeField(_("end"), null=True, blank=True)
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        default=default_timezone,
        validators=[validate_timezone],
        db_index=True,
    )
    jitter = models.PositiveIntegerField(
        _("jitter"),
        default=0,
        blank=True,
        validators=[MaxValueValidator(3_600)],
        help_text=_("Delays each run by up to this many seconds, at random."),
    )

    objects = JobDefinitionQuerySet.as_manager()

    run_overrides: ClassVar[tuple[str, ...] | None] = None
    """The names of the fields that a run by hand may override.

    None: all fields that the kind adds. An empty tuple: none. Whoever may run a job may set them.
    """

    callee = ""
    """The name of what it calls, if a scheduler may lack that: a function, say. See `callees`."""
    permission_needed = ""
    """What people need, beside the permissions of its kind, to change, run or resume it."""

    class Meta:
        abstract = True
        ordering = ("name",)
        default_permissions = ("add", "change", "delete", "view", "run", "pause")

    def __str__(self) -> str:
        return visible(self.name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and write the job store's row in the same transaction (on Django's own signal)."""
        if may_lack_start(self, kwargs.get("update_fields")):
            counted = self.count_from(django_timezone.now())
            if counted and kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "start_date"}
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            super().save(*args, **kwargs)

    save.alters_data = True  # type: ignore[attr-defined]  # as Django marks it for templates

    def run(self) -> Awaitable[None] | None:
        """Do the work, async or not. What it prints and logs is kept; an exception is a failure."""
        raise NotImplementedError(f"{type(self).__name__} must define run().")

    def validate_run(self) -> None:
        """Check, when a run is claimed, what may have changed since the definition was saved.

        A kind may override it. It must query nothing. Raises ValidationError.
        """

    def progress(self, done: int, total: int | None = None) -> None:
        """The same as `countjobs.api.progress`, for `run`. Raises StopRun if the run is to stop."""
        progress(done, total)

    def refresh_from_db(self, using: str | None = None, *args: Any, **kwargs: Any) -> None:
        """As Django's, but by default from the database that is written to."""
        super().refresh_from_db(using or DEFAULT_DB_ALIAS, *args, **kwargs)

    @classmethod
    def job_id_of(cls, pk: object) -> str:
        """The job id of a definition of this kind. A proxy shares the rows of its model."""
        model = cls._meta.concrete_model or cls
        return f"{model._meta.label_lower}:{pk}"

    @property
    def job_id(self) -> str:
        """The key of this definition's row in the job store, and of its runs."""
        return self.job_id_of(self.pk)

    @property
    def cron(self) -> dict[str, str]:
        """The eight expressions by field name."""
        return {name: getattr(self, name) for name in CRON_DEFAULTS}

    @property
    def lacks_start(self) -> bool:
        """Whether it is an interval that counts from when it is saved."""
        return self.schedule_type == ScheduleType.INTERVAL and self.start_date is None

    def count_from(self, now: datetime) -> bool:
        """Count an interval that has no start from this moment. Returns whether it had none."""
        if not self.lacks_start:
            return False
        self.start_date = now.replace(microsecond=0)
        return True

    def trigger(self) -> BoundedTrigger:
        """When this definition is due. Raises ValueError if its fields make no schedule."""
        delays: Any = {"jitter": self.jitter or 0, "seed": self.name}
        if self.schedule_type == ScheduleType.ONCE:
            if self.run_at is None:
                raise ValueError("The definition has no `run_at`.")
            return OnceTrigger(self.run_at, self.timezone, **delays)
        if self.schedule_type == ScheduleType.INTERVAL:
            if self.every is None:
                raise ValueError("The definition has no `every`.")
            start = self.start_date or EPOCH  # only raw SQL leaves it out
            return IntervalTrigger(
                self.every, self.timezone, start=start, end=self.end_date, **delays
            )
        if self.schedule_type != ScheduleType.CRON:
            raise ValueError(f"There is no type of schedule {shown(self.schedule_type)!r}.")
        return ScheduleTrigger(
            self.cron, self.timezone, start=self.start_date, end=self.end_date, **delays
        )

    def next_fire_time(self, now: datetime) -> datetime | None:
        """The first fire time after an instant, in the definition's zone.

        None if the definition is disabled or its schedule has ended.
        """
        return self.trigger().get_next_fire_time(now, now) if self.enabled else None

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Check each field by itself. Raises ValidationError, which says what is wrong by field."""
        errors: dict[str, Any] = {}
        try:
            super().clean_fields(exclude)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        check_all(more_checks(self, exclude or ()), errors)

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """As Django's, and its name must not look like another one. Raises ValidationError."""
        super().validate_unique(exclude)
        if "name" not in (exclude or ()):
            validate_name(self)

    def clean(self) -> None:
        """Check the fields of the schedule against each other. Raises ValidationError."""
        super().clean()
        self.jitter = self.jitter or 0
        # A field that makes no schedule has a message of its own.
        now = django_timezone.now()
        counted = self.count_from(now)  # as a save would
        try:
            with suppress(ValueError, TypeError, AttributeError, OverflowError):
                self._clean_schedule(now)
        finally:
            if counted:
                self.start_date = None

    def _clean_schedule(self, now: datetime) -> None:
        if self.start_date and self.end_date and self.start_date > self.end_date:
            message = _("The end must not be before the start.")
            raise ValidationError({"end_date": ScheduleError(message, code="order")})
        if needed := self.lacking():
            raise ValidationError(needed)
        if not self.enabled or self.next_fire_time(now) is not None:
            return
        if self.trigger().get_next_fire_time(None, EPOCH) is None:
            message = _("This schedule never runs: no time matches all of its fields.")
            raise ValidationError({NON_FIELD_ERRORS: ScheduleError(message, code="never")})
        if self.schedule_type == ScheduleType.ONCE:
            message = _("This moment has passed. Choose a later one, or disable the definition.")
            raise ValidationError({"run_at": ScheduleError(message, code=ENDED)})
        message = _("This schedule has no more runs. Change it, or disable the definition.")
        field = "end_date" if self.end_date and self.end_date <= now else NON_FIELD_ERRORS
        raise ValidationError({field: ScheduleError(message, code=ENDED)})

    def lacking(self) -> dict[str, ScheduleError]:
        """What a schedule of its type needs and isn't there: errors by field."""
        if self.schedule_type == ScheduleType.INTERVAL and self.every is None:
            return {"every": ScheduleError(_("Say how long the interval is."), code="missing")}
        if self.schedule_type == ScheduleType.ONCE and self.run_at is None:
            return {"run_at": ScheduleError(_("Say when the job runs."), code="missing")}
        return {}

    def full_clean(
        self,
        exclude: Iterable[str] | None = None,
        validate_unique: bool = True,
        validate_constraints: bool = True,
    ) -> None:
        """As Django's. Raises ValidationError.

        The schedule isn't checked if all its fields are excluded, or if one of them is wrong by
        itself.
        """
        excluded = frozenset(exclude or ())
        try:
            super().full_clean(
                exclude=excluded,
                validate_unique=validate_unique,
                validate_constraints=validate_constraints,
            )
        except ValidationError as error:
            if errors := errors_to_show(error, WHEN, excluded):
                raise ValidationError(errors) from None

    def problems(self, settled: Collection[str] = ()) -> list[str]:
        """What keeps a definition that nobody validated from running, one sentence each.

        A schedule that has ended is not a problem. This raises nothing: an error while checking is
        a problem like any other. Fields that are `settled`, those of the schedule among them, were
        validated before and have not changed, so they are skipped.
        """
        kind, ours = type(self), JobDefinition
        try:
            if settled and (kind.clean, kind.full_clean) == (ours.clean, ours.full_clean):
                self.clean_fields(
                    exclude={*settled, *self.settled_rules()}
                )  # `clean` would search for a run once more
            else:
                self.full_clean(exclude=settled, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            return list(sentences(error))
        except Exception as error:  # a subclass's clean() may do anything
            return [describe(error)]
        return []
