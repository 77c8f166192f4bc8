"""Settling the runs that a scheduler leaves behind: some are lost, others had not started.

Nobody can tell whether the work of a lost run was done. It runs again only if its definition says
so (`rerun_if_lost`), and then the work may be done twice. The number of attempts is limited,
because the job itself may be what crashes its scheduler. Run again and again, it would crash one
scheduler after another.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import Error, connection, transaction
from django.utils.translation import gettext as _

from countjobs.conf import Conf
from countjobs.database.outages import let_go_after
from countjobs.database.wakeups import notify
from countjobs.history import lifecycle
from countjobs.history.attempts import rules_of, verdict
from countjobs.history.job_states import note_failures
from countjobs.history.watching import pause_failing
from countjobs.jobstores.neighbours import kinds_told
from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import Status
from countjobs.models.kinds import unknown_kind
from countjobs.models.nodes import State
from countjobs.schedulers.watch import Heartbeats
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

FORGET_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Settled:
    """How many runs were settled, and how."""

    lost: int
    again: int
    """How many of the lost ones are run again."""
    given_back: int
    jobs: frozenset[str] = field(default=frozenset(), compare=False)
    """The jobs of the lost ones."""


def settle_dead_nodes(dead: Heartbeats, now: datetime) -> int:
    """Settle the runs of dead schedulers, given their last heartbeats. Returns how many were dead.

    What they ran is `lost`, with the reason, and runs again if the definition says so. What they
    had claimed but not started is given back. A scheduler that is being settled is locked, so no
    other settles it too. One that has written a heartbeat meanwhile is left alone.
    """
    stopped = SchedulerNode.objects.filter(state=State.STOPPED)
    stopped.filter(heartbeat__lt=now - FORGET_AFTER).delete()
    failing: set[str] = set()
    with transaction.atomic():
        nodes = _settle_nodes(dead, now, failing) if dead else 0
    _pause(failing | _settle_strays(now), now)
    return nodes


def _pause(failing: Iterable[str], now: datetime) -> None:
    """Pause those of these jobs that were lost too often: they may be what ends schedulers."""
    try:
        for line in pause_failing(failing, now):
            logger.warning("%s", line)
    except Error as error:
        logger.warning("Jobs whose runs were lost can't be paused now: %s", error)


def _settle_nodes(dead: Heartbeats, now: datetime, failing: set[str]) -> int:
    skip = connection.features.has_select_for_update_skip_locked
    there = SchedulerNode.objects.exclude(state=State.STOPPED).filter(uuid__in=list(dead))
    locked = there.select_for_update(skip_locked=skip)
    # One may have written a heartbeat since we looked.
    nodes = [node for node in locked if node.heartbeat == dead[node.uuid]]
    for node in nodes:
        reason = _(
            "The scheduler %(name)s stopped without notice. Its last heartbeat was at %(at)s."
        ) % {"name": node.name, "at": f"{node.heartbeat:%Y-%m-%d %H:%M:%S %Z}"}
        failing |= _settle_and_tell(node.name, reason, now)
        node.state = State.STOPPED
        node.save(update_fields=["state"])
    return len(nodes)


def _settle_strays(now: datetime) -> set[str]:
    """Settle runs whose scheduler has been settled already, or whose row is gone.

    A claim may be committed just when its scheduler is taken for dead. Returns the jobs whose runs
    were lost.
    """
    failing: set[str] = set()
    active = Execution.objects.active().exclude(node="")
    # Read before the schedulers: one that starts meanwhile writes its row before its first claim.
    names = set(active.values_list("node", flat=True))
    names -= {node.name for node in SchedulerNode.objects.exclude(state=State.STOPPED)}
    for name in names:
        reason = _("The scheduler %(name)s no longer exists.") % {"name": name}
        failing |= _settle_and_tell(name, reason, now)
    return failing


def _settle_and_tell(name: str, reason: str, now: datetime) -> frozenset[str]:
    """Returns the jobs whose runs were lost."""
    settled = settle(name, reason, now)
    if not any(vars(settled).values()):
        return settled.jobs
    logger.warning(
        "%s Lost runs: %d, to run again: %d. Given back before they started: %d.",
        reason,
        settled.lost,
        settled.again,
        settled.given_back,
    )
    return settled.jobs


def settle(node: str, reason: str, now: datetime) -> Settled:
    """Settle all runs of a scheduler, in one transaction. Raises django.db.Error.

    What it ran is `lost`, for the reason given. What it had not started is given back.
    """
    with transaction.atomic():
        let_go_after(Conf.load().lease_seconds)
        running = Execution.objects.active().filter(node=node, status=Status.RUNNING)
        # In the order of the index of active runs: otherwise SQLite would use the key's index.
        locked = running.order_by("job_id", "pk").select_for_update()
        lost = _known_here(list(locked.defer("output", "traceback")))
        again = _lose(lost, reason, now)
        lifecycle.retry([lifecycle.Again(run, not_before=None) for run in again])
        note_failures([run.pk for run in lost], now)
        given_back = lifecycle.give_back(node)
        settled = Settled(len(lost), len(again), given_back, frozenset(run.job_id for run in lost))
        notify()
    return settled


def _lose(running: list[Execution], reason: str, now: datetime) -> list[Execution]:
    """Mark runs as lost. Returns those that are to be run again."""
    rules = rules_of(execution.job_id for execution in running)
    errors, again = [], []
    for execution in running:
        cancelled = execution.cancel_requested_at is not None
        said = rules.get(execution.job_id)
        found = verdict(execution.attempt, Status.LOST, said, cancelled=cancelled)
        errors.append((execution, f"{reason} {found.sentence}".rstrip()))
        again += [execution] * found.follows
    lifecycle.lose(errors, now)
    return again


def _known_here(running: list[Execution]) -> list[Execution]:
    """Leave out runs of kinds that only other schedulers know: their definitions, which say whether
    to run again, can't be read here. A scheduler that knows the kind settles them.
    """
    unknown = {each.job_id for each in running if unknown_kind(each.job_id)}
    told = kinds_told() if unknown else set()
    left = {job_id for job_id in unknown if unknown_kind(job_id) in told}
    return [each for each in running if each.job_id not in left]
