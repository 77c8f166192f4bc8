"""`schedulerstatus`: whether a scheduler lives, for probes."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from countjobs.conf import Conf
from countjobs.jobstores.room import Taking, look
from countjobs.management.database import DatabaseCommand
from countjobs.models import Execution, ParkedJob, SchedulerNode

NO_ROOM = 4
"""The exit status where runs that don't end take every thread, and work waits."""


class Command(DatabaseCommand):
    """Tell which schedulers live."""

    help = (
        "Print each scheduler that lives. Exit with 0 if one does, with 1 if none does, and with 4 "
        "if there is no room: work waits, and runs that don't end take every thread."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --json."""
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        """Print the state, and exit accordingly."""
        now = timezone.now()
        nodes = [_node(node, now) for node in SchedulerNode.objects.alive(now)]
        state = {
            "alive": bool(nodes),
            "schedulers": nodes,
            "running": Execution.objects.active().filter(status=Execution.Status.RUNNING).count(),
            "broken": ParkedJob.objects.count(),
            "no_room": [_taking(run) for run in look(now).taken_by],
        }
        self.stdout.write(_json(state) if json else _text(state))
        if not nodes:
            sys.exit(1)
        if state["no_room"]:
            sys.exit(NO_ROOM)


def _node(node: SchedulerNode, now: datetime) -> dict[str, Any]:
    return {
        "name": node.name,
        "state": node.state,
        "capacity": node.capacity,
        "version": node.version,
        "started": node.started.isoformat(),
        "heartbeat_seconds_ago": round((now - node.heartbeat).total_seconds(), 1),
    }


def _taking(run: Taking) -> dict[str, Any]:
    return {
        "run": run.execution_id,
        "job": run.job_name,
        "job_id": run.job_id,
        "scheduler": run.node,
        "since": run.since.isoformat(),
    }


def _json(state: dict[str, Any]) -> str:
    return json.dumps(state)


def _text(state: dict[str, Any]) -> str:
    lines = [
        f"{node['name']}: {node['state']}, {node['capacity']} threads, "
        f"last heartbeat {node['heartbeat_seconds_ago']} s ago"
        for node in state["schedulers"]
    ]
    lines = lines or ["No scheduler lives. Start one: manage.py runscheduler"]
    lines += [f"{state['running']} running, {state['broken']} broken."]
    return "\n".join([*lines, *_no_room(state["no_room"])])


def _no_room(taken_by: list[dict[str, Any]]) -> list[str]:
    if not taken_by:
        return []
    lease = Conf.load().lease_seconds
    runs = [
        f'  run {run["run"]} of "{_printable(run["job"])}", since '
        f"{datetime.fromisoformat(run['since']):%Y-%m-%d %H:%M:%S %Z}"
        for run in taken_by
    ]
    told = f"No room: runs that have gone on for longer than {lease} s take every thread, "
    return [f"{told}and work waits.", *runs]


def _printable(name: str) -> str:
    """A job's name in a line of a terminal: what could break that is written out."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in name)
