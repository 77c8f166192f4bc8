"""What is worth a second look about a definition's rules, though nothing is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from countjobs.admin.display import duration
from countjobs.conf import Conf
from countjobs.models import JobDefinition
from countjobs.models.rules import MOST_RETRIES

NEEDED = ("executor", "time_limit", "coalesce", "retries", "retry_delay", "retry_backoff")
"""The fields that the warnings depend on."""


def rule_warnings(definition: JobDefinition, fires: Sequence[datetime]) -> Iterator[str]:
    """The warnings, a sentence or two each. `fires` are the times when it is due next."""
    conf = Conf.load()
    is_known = definition.executor in conf.executor_confs()
    if definition.time_limit and is_known and not conf.can_stop_runs(definition.executor):
        yield _(
            "Threads can't be stopped from outside. At the time limit a run is recorded as timed "
            "out and its thread is replaced, but the job's code may go on. To stop it, choose "
            "processes."
        )
    if not definition.retries:
        return
    if definition.retry_delay > conf.retry_delay_most:
        text = _("Retries are tried sooner: the setting RETRY_DELAY_MOST allows a delay of %s.")
        yield text % duration(timedelta(seconds=conf.retry_delay_most))
    needed = _all_delays(definition, conf.retry_delay_most)
    gap = min((later - earlier for earlier, later in pairwise(fires)), default=None)
    if definition.coalesce and gap is not None and needed > gap:
        text = ngettext(
            "The retry comes %(needed)s after a failure, but the next run may be due after "
            "%(gap)s. When it starts, a retry that still waits is cancelled.",
            "The %(count)d retries take %(needed)s or more, but the next run may be due after "
            "%(gap)s. When it starts, a retry that still waits is cancelled.",
            definition.retries,
        )
        said = {"count": definition.retries, "needed": duration(needed), "gap": duration(gap)}
        yield text % said


def _all_delays(definition: JobDefinition, longest: float) -> timedelta:
    """How long its retries wait, all in all. Nobody may have validated its fields."""
    delay, total = min(float(definition.retry_delay), longest), 0.0
    for _retry in range(min(definition.retries, MOST_RETRIES)):
        total += delay
        delay = min(delay * float(definition.retry_backoff), longest)
    return timedelta(seconds=total)
