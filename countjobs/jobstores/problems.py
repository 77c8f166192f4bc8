"""What may be wrong with an installation, as probes are told: one list for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from countjobs.jobstores.room import Taking, look
from countjobs.jobstores.strangers import Strangers, find_strangers, kinds_that_nobody_runs
from countjobs.models import Execution, ParkedJob, SchedulerNode

State = dict[str, Any]


class Problem(NamedTuple):
    """What may be wrong, and the exit status that says so."""

    status: int
    name: str
    """What JSON calls it."""
    holds: Callable[[State], bool]


def _none_can_claim(state: State) -> bool:
    return all(node["cannot_claim"] for node in state["schedulers"])


PROBLEMS = (
    Problem(1, "no_scheduler", lambda state: not state["alive"]),
    Problem(5, "cannot_claim", lambda state: state["alive"] and _none_can_claim(state)),
    Problem(4, "no_room", lambda state: bool(state["taken_by"])),
    Problem(3, "broken", lambda state: bool(state["broken"] or state["unknown_kinds"])),
)
"""By their weight: the first one that holds decides the exit status."""


def problems_of(state: State) -> list[Problem]:
    """Those that hold."""
    return [problem for problem in PROBLEMS if problem.holds(state)]


def read_state(now: datetime, strangers: Strangers | None = None) -> State:
    """Look at the schedulers, the jobs and the runs. It has names. Raises django.db.Error.

    `strangers` is what is known of them. Looking for them costs more than all the rest.
    """
    room = look(now)
    if strangers is None:
        strangers = find_strangers()
    return {
        "alive": bool(room.alive),
        "schedulers": [_node(node, now) for node in room.alive],
        "running": Execution.objects.active().filter(status=Execution.Status.RUNNING).count(),
        "taken_by": list(_takings(room.taken_by)),
        "broken": ParkedJob.objects.count(),
        "unknown_kinds": kinds_that_nobody_runs(
            strangers.kinds, [node.kinds for node in room.alive], now
        ),
        "foreign_rows": len(strangers.foreign),
    }


def _node(node: SchedulerNode, now: datetime) -> dict[str, Any]:
    return {
        "name": node.name,
        "state": node.state,
        "capacity": node.capacity,
        "given_up": node.given_up,
        "version": node.version,
        "started": node.started.isoformat(),
        "heartbeat_seconds_ago": round((now - node.heartbeat).total_seconds(), 1),
        "cannot_claim": node.cannot_claim,
    }


def _takings(runs: Iterable[Taking]) -> Iterable[dict[str, Any]]:
    for run in runs:
        yield {
            "run": run.execution_id,
            "job": run.job_name,
            "job_id": run.job_id,
            "scheduler": run.node,
            "since": run.since.isoformat(),
        }
