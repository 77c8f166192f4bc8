"""The rules of a definition for runs that are late, overlap, take too long, or fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.conf import DEFAULT_EXECUTOR, PROCESSES, THREADS, Conf
from countjobs.models.fields import MOST_SECONDS
from countjobs.models.in_run import SavedInRun

MOST_RETRIES = 100
MOST_DAYS = 36_500
"""A hundred years: the longest time for which runs can be kept."""


class Overlap(models.TextChoices):
    """What becomes of a fire time while earlier runs of the job fill `max_instances`."""

    SKIP = "skip", _("skip it")
    WAIT = "wait", _("wait: run once when the earlier run has ended")
    REPLACE = "replace", _("replace: stop the earlier run")


def executor_choices() -> list[tuple[str, str]]:
    """The executors that the settings name."""
    labels = {DEFAULT_EXECUTOR: gettext("threads"), PROCESSES: gettext("processes")}
    return [(name, labels.get(name, name)) for name in Conf.load().executor_confs()]


class Rules(SavedInRun):
    """The rules that every kind of definition has."""

    misfire_grace_time = models.PositiveIntegerField(
        _("misfire grace time"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SECONDS)],
        help_text=_(
            "How many seconds late a run may start. If it is later, it is missed. Empty: no limit."
        ),
    )
    coalesce = models.BooleanField(
        _("coalesce"),
        default=True,
        help_text=_(
            "If several fire times came due while no scheduler was running, run once for all of "
            "them together."
        ),
    )
    max_instances = models.PositiveSmallIntegerField(
        _("max instances"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(1_000)],
        help_text=_(
            "How many runs of this job may be in progress at the same time. “Overlap” says what "
            "happens to further ones."
        ),
    )
    overlap = models.CharField(
        _("overlap"),
        max_length=16,
        choices=Overlap.choices,
        default=Overlap.SKIP,
        db_default=Overlap.SKIP,
        help_text=_(
            "What happens when a run is due while as many as “max instances” are in progress. To "
            "replace a run, the executor must be able to stop it: choose processes."
        ),
    )
    executor = models.CharField(
        _("executor"),
        max_length=64,
        default=DEFAULT_EXECUTOR,
        choices=executor_choices,
        help_text=_(
            "Where runs are carried out. Threads start them faster. Processes can be stopped, and "
            "use several cores."
        ),
    )

    time_limit = models.PositiveIntegerField(
        _("time limit"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SECONDS)],
        help_text=_(
            "How many seconds a run may take. A longer one is stopped, and counts as timed out. "
            "Empty: no limit."
        ),
    )
    retries = models.PositiveSmallIntegerField(
        _("retries"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(MOST_RETRIES)],
        help_text=_("How many more times to try a run that failed or timed out."),
    )
    retry_delay = models.PositiveIntegerField(
        _("retry delay"),
        default=60,
        db_default=60,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SECONDS)],
        help_text=_("How many seconds to wait before the first retry."),
    )
    retry_backoff = models.DecimalField(
        _("retry backoff"),
        max_digits=4,
        decimal_places=2,
        default=Decimal(2),
        db_default=Decimal(2),
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text=_(
            "Each further delay is this many times as long as the one before. 1: all are equal."
        ),
    )
    rerun_if_lost = models.BooleanField(
        _("run again if lost"),
        default=False,
        help_text=_(
            "If the scheduler dies during a run, run it again. Tick this only if running twice is"
            " harmless."
        ),
    )
    pause_after = models.PositiveSmallIntegerField(
        _("pause after"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1_000)],
        help_text=_("After this many failures in a row, the job pauses itself. Empty: never."),
    )
    most_silence = models.PositiveIntegerField(
        _("longest silence"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SECONDS)],
        help_text=_(
            "The job is reported as silent when it has had no success for this many seconds. "
            "Empty: never."
        ),
    )
    keep_days = models.PositiveIntegerField(
        _("keep days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text=_(
            "For how many days runs of this job are kept, failed ones too. Empty: as the settings "
            "say."
        ),
    )

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """As Django's. `threads` is another name of the default executor."""
        if self.executor == THREADS:
            self.executor = DEFAULT_EXECUTOR
        super().clean_fields(exclude)

    def own_checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Checks of fields beyond Django's, by the field's name. They raise ValidationError."""
        yield "overlap", self.validate_overlap

    def validate_overlap(self) -> None:
        """Check that runs can be replaced. Raises ValidationError."""
        if self.overlap == Overlap.REPLACE and not Conf.load().can_stop_runs(self.executor):
            message = _("This executor can't stop a run. Choose processes, or another overlap.")
            raise ValidationError(message, code="replace")

    @property
    def has_rules(self) -> bool:
        """Whether something may follow the end of a run: a retry, a run that waits, a pause."""
        return bool(self.retries or self.pause_after) or self.overlap != Overlap.SKIP

    def settled_rules(self) -> Iterator[str]:
        """The names of the rules that have their default value, and so need no validation."""
        for field in Rules._meta.fields:
            if getattr(self, field.attname) == field.get_default():
                yield field.name
