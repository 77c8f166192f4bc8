"""What a release changes about functions, and schedulers of another release."""

from __future__ import annotations

from datetime import datetime

from countjobs import __version__
from countjobs.functions.callees import known_callees
from countjobs.jobstores.neighbours import known_kinds
from countjobs.models import SchedulerNode
from tests.support.factories import NOON, make_node
from tests.support.registering import NAME, mail_without_days, recording, register, unregister

GONE = f"function: There is no function “{NAME}” here. Functions are registered with @job."


def is_gone() -> None:
    unregister()


def takes_other_arguments() -> None:
    unregister()
    register(mail_without_days)


def can_not_be_called() -> None:
    unregister()
    register(recording({"days": object})[0])


def neighbour(*callees: str, heartbeat: datetime = NOON) -> SchedulerNode:
    """Another scheduler of this release, which knows these functions, too."""
    told = [*known_callees(), *callees]
    return make_node(heartbeat, version=__version__, kinds=known_kinds(), callees=told)


def knows_it(heartbeat: datetime = NOON) -> SchedulerNode:
    return neighbour(f"function {NAME}", heartbeat=heartbeat)
