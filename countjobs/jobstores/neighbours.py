"""The other schedulers that are alive, and whether one of them may know a kind or version that this
one doesn't.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from countjobs import __version__
from countjobs.conf import Conf
from countjobs.jobstores.questions import JobRow
from countjobs.models import Execution, SchedulerNode
from countjobs.models.kinds import concrete_definitions


@dataclass(frozen=True)
class Neighbours:
    """What is known of the other schedulers that live."""

    live: bool
    """Whether there are any."""
    differ: bool
    """Whether one is of another version, or has other kinds of job."""

    def may_run(self, since: datetime, now: datetime) -> bool:
        """Whether one of them may still take a job that has been due since an instant.

        Whoever knows a job takes it at once. So if it has waited for a whole lease, nobody knows
        it.
        """
        return self.live and since > now - timedelta(seconds=Conf.load().lease_seconds)


def known_kinds() -> list[str]:
    """The labels of the kinds of definitions that this process knows."""
    return sorted(model._meta.label_lower for model in concrete_definitions())


def neighbours(now: datetime, node: str = "") -> Neighbours:
    """Look at the others: all but the scheduler with this name. One query."""
    ours = (__version__, known_kinds())
    others = [each for each in SchedulerNode.objects.alive(now) if each.name != node]
    return Neighbours(
        live=bool(others),
        differ=any((each.version, each.kinds) != ours for each in others),
    )


def left_to_others(
    asked: list[Execution], now: datetime, node: str
) -> Callable[[JobRow, bool], bool]:
    """A function that tells whether to leave a row of ours, which can't be read here, to others.

    It is called with the row, and whether that is a definition's that is known here. The others are
    looked up only when it is called.
    """
    around = cache(lambda: neighbours(now, node))
    since = {each.job_id: each.not_before or each.scheduled_at for each in reversed(asked)}

    def is_left(row: JobRow, is_definition: bool) -> bool:
        if is_definition and around().differ:
            return True  # rewriting it would destroy what the other version wrote
        waits = filter(None, (row.next_run_time, since.get(row.id)))
        return around().may_run(min(waits, default=now), now)

    return is_left


def callees_told(now: datetime) -> set[str]:
    """The functions and commands that any scheduler that is alive says it knows. One query."""
    told = SchedulerNode.objects.alive(now).order_by().values_list("callees", flat=True)
    return {name for callees in told for name in callees or ()}


def kinds_told() -> set[str]:
    """The kinds that any scheduler knows, also those that have stopped lately. One query."""
    told = SchedulerNode.objects.order_by().values_list("kinds", flat=True)
    return {label for kinds in told for label in kinds or ()}
