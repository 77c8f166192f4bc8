"""`schedulerstatus`: whether jobs can run, for probes."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from countjobs.conf import Conf
from countjobs.history.holding import current_hold
from countjobs.jobstores.problems import State, problems_of, read_state
from countjobs.management.database import DatabaseCommand
from countjobs.management.hold_words import state_of, told
from countjobs.text import counted, visible


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
        state = read_state(timezone.now()) | {"held": state_of(current_hold())}
        found = problems_of(state)
        status = found[0].status if found else 0
        state |= {"status": status, "problems": [problem.name for problem in found]}
        self.stdout.write(_json(state) if json else _text(state))
        if status:
            sys.exit(status)


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
