"""What commands say about the hold of all jobs."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import TypedDict

from countjobs.models import Hold
from countjobs.text import visible


class HoldState(TypedDict):
    """A hold, as JSON has it."""

    reason: str
    by: str
    since: str


def state_of(hold: Hold | None) -> HoldState | None:
    """A hold as JSON has it; None for none."""
    if hold is None:
        return None
    return {"reason": hold.reason, "by": hold.held_by, "since": hold.held_at.isoformat()}


def told(held: HoldState) -> str:
    """Since when, by whom and why, in one line of a terminal."""
    since = f"{datetime.fromisoformat(held['since']):%Y-%m-%d %H:%M:%S %Z}"
    by = f" by {visible(held['by'])}" if held["by"] else ""
    return f"since {since}{by}: {visible(held['reason'])}"


def terminal_user() -> str:
    """The name of whoever runs this command; "" if the system knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return ""
