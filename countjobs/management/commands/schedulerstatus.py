"""`schedulerstatus`: whether a scheduler lives, for probes."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from countjobs.management.database import DatabaseCommand
from countjobs.models import Execution, ParkedJob, SchedulerNode
from countjobs.text import counted


class Command(DatabaseCommand):
    """Tell which schedulers live."""

    help = "Exit with 0 if a scheduler lives, and with 1 if none does. Prints each of them."

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
        }
        self.stdout.write(_json(state) if json else _text(state))
        if not nodes:
            sys.exit(1)


def _node(node: SchedulerNode, now: datetime) -> dict[str, Any]:
    return {
        "name": node.name,
        "state": node.state,
        "capacity": node.capacity,
        "version": node.version,
        "started": node.started.isoformat(),
        "heartbeat_seconds_ago": round((now - node.heartbeat).total_seconds(), 1),
    }


def _json(state: dict[str, Any]) -> str:
    return json.dumps(state)


def _text(state: dict[str, Any]) -> str:
    lines = [
        f"{node['name']}: {node['state']}, {counted(node['capacity'], 'thread')}, "
        f"last heartbeat {node['heartbeat_seconds_ago']} s ago"
        for node in state["schedulers"]
    ]
    lines = lines or ["No scheduler lives. Start one: manage.py runscheduler"]
    return "\n".join([*lines, f"{state['running']} running, {state['broken']} broken."])
