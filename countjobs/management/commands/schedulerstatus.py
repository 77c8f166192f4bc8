"""`schedulerstatus`: whether jobs can run, for probes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.core.management.base import CommandParser
from django.utils import timezone

from countjobs.conf import Conf
from countjobs.history.holding import current_hold
from countjobs.jobstores.room import Taking, look
from countjobs.jobstores.strangers import find_strangers, kinds_that_nobody_runs
from countjobs.management.database import DatabaseCommand
from countjobs.management.hold_words import state_of, told
from countjobs.models import Execution, ParkedJob, SchedulerNode
from countjobs.text import counted, visible

State = dict[str, Any]


class Problem(NamedTuple):
    """What may be wrong, and the exit status that says so."""

    status: int
    name: str
    """What JSON calls it."""
    holds: Callable[[State], bool]


PROBLEMS = (
    Problem(1, "no_scheduler", lambda state: not state["alive"]),
    Problem(5, "cannot_claim", lambda state: state["alive"] and _none_can_claim(state)),
    Problem(4, "no_room", lambda state: bool(state["taken_by"])),
    Problem(3, "broken", lambda state: bool(state["broken"] or state["unknown_kinds"])),
)
"""By their weight: the first one that holds decides the exit status."""


class Command(DatabaseCommand):
    """Report which schedulers are alive, and what is wrong."""

    help = (
        "Print the schedulers that are alive, and what is wrong. Exit status: 0: all is well; "
        "1: no scheduler is alive; 5: no live scheduler can start runs; 4: every thread is "
        "busy with a run that doesn't end, and runs are waiting; 3: jobs are broken. If several "
        "apply, the first in this order decides; --json lists them all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --json."""
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        """Print the state, and exit accordingly."""
        state = _state(timezone.now())
        found = [problem for problem in PROBLEMS if problem.holds(state)]
        status = found[0].status if found else 0
        state |= {"status": status, "problems": [problem.name for problem in found]}
        self.stdout.write(_json(state) if json else _text(state))
        if status:
            sys.exit(status)


def _state(now: datetime) -> State:
    room = look(now)
    strangers = find_strangers()
    return {
        "alive": bool(room.alive),
        "schedulers": [_node(node, now) for node in room.alive],
        "running": Execution.objects.active().filter(status=Execution.Status.RUNNING).count(),
        "taken_by": [_taking(run) for run in room.taken_by],
        "broken": ParkedJob.objects.count(),
        "unknown_kinds": kinds_that_nobody_runs(
            strangers.kinds, [node.kinds for node in room.alive], now
        ),
        "foreign_rows": len(strangers.foreign),
        "held": state_of(current_hold()),
    }


def _none_can_claim(state: State) -> bool:
    return all(node["cannot_claim"] for node in state["schedulers"])


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


def _taking(run: Taking) -> dict[str, Any]:
    return {
        "run": run.execution_id,
        "job": run.job_name,
        "job_id": run.job_id,
        "scheduler": run.node,
        "since": run.since.isoformat(),
    }


def _json(state: State) -> str:
    return json.dumps(state)


def _text(state: State) -> str:
    lines = [
        f"{visible(node['name'])}: {node['state']}, {counted(node['capacity'], 'thread')}, "
        f"last heartbeat {node['heartbeat_seconds_ago']} s ago"
        + (f", {counted(node['given_up'], 'thread')} given up" if node["given_up"] else "")
        + (f", can't start runs: {visible(node['cannot_claim'])}" if node["cannot_claim"] else "")
        for node in state["schedulers"]
    ]
    lines = lines or ["No scheduler is alive. Start one: manage.py runscheduler"]
    lines.append(
        f"{_counted(state['running'], 'run')} running, {_counted(state['broken'], 'job')} broken."
    )
    if held := state["held"]:
        lines.append(f"All jobs are held {told(held)}")
    lines += _no_room(state["taken_by"])
    if kinds := state["unknown_kinds"]:
        lines.append(f"No scheduler knows these kinds of job: {', '.join(kinds)}.")
    if count := state["foreign_rows"]:
        lines.append(
            "Rows in the job store that another program wrote, or another key signed (left as "
            f"they are): {count}."
        )
    return "\n".join(lines)


def _counted(count: int, one: str) -> str:
    """A number with its noun and verb: “1 run is” or “3 runs are”."""
    return f"{counted(count, one)} {'is' if count == 1 else 'are'}"


def _no_room(taken_by: list[dict[str, Any]]) -> list[str]:
    if not taken_by:
        return []
    lease = Conf.load().lease_seconds
    runs = [
        f'  run {run["run"]} of "{visible(run["job"])}", since '
        f"{datetime.fromisoformat(run['since']):%Y-%m-%d %H:%M:%S %Z}"
        for run in taken_by
    ]
    told = f"No free thread: each has been busy with the same run for over {lease} s, "
    return [f"{told}and other runs are waiting.", *runs]
