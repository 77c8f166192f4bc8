"""The example kind: it counts, and then logs its messages."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from countjobs.models.definitions import JobDefinition
from countjobs.models.fields import KeyTextField

logger = logging.getLogger(__name__)

MOST_COUNTS = 1_000_000


_STEP = 1_000
"""Progress is told once in so many counts; that costs a thousandth of the counting."""


def count_job(
    count_messages: dict[str, str],
    count: int,
    progress: Callable[[int, int], object] | None = None,
) -> None:
    """Count to `count`, then log each message: `step_count`, then `step_judge`.

    It stands on its own, so that code can schedule it as the article does:
    `scheduler.add_job(count_job, "cron", args=[messages, 3], second="*/5")`.
    """
    step_count(count, progress)
    step_judge(count_messages)


def step_count(count: int, progress: Callable[[int, int], object] | None = None) -> None:
    """Print every index below `count`, and log that it is done.

    Now and then it calls `progress` with how many are done, and of how many.
    """
    for start in range(0, count, _STEP):
        end = min(start + _STEP, count)
        for index in range(start, end):
            print(index)
        if progress is not None:
            progress(end, count)
    logger.info("%s count finished.", count)


def step_judge(count_messages: dict[str, str]) -> None:
    """Log each key with its message, in order."""
    for key, value in count_messages.items():
        logger.info("%s, %s", key, value)


class CountJob(JobDefinition):
    """Counts, then logs its messages."""

    messages = KeyTextField(
        _("messages"),
        default=dict,
        blank=True,
        help_text=_("Each row is logged as one line: key, text."),
    )
    count = models.PositiveIntegerField(
        _("count"), default=3, validators=[MaxValueValidator(MOST_COUNTS)]
    )

    class Meta(JobDefinition.Meta):
        verbose_name = _("count job")
        verbose_name_plural = _("count jobs")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(count__gte=0, count__lte=MOST_COUNTS),
                name="countjobs_count_in_range",
            )
        ]

    def run(self) -> None:
        """Count, then log the messages."""
        count_job(self.messages, self.count, self.progress)
