"""What jobs do that are hard to end, what they say when they are there, and by what they end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.app import hard

MEGABYTES = 1_000
"""What a job takes here. The issue says 4 GB, which not every machine of a test has to spare."""

AT_ONCE = "It ended by SIGTERM."
LATE = "It did not end on SIGTERM, and was ended by SIGKILL 5 s later."

HARD: dict[str, tuple[Callable[[], object], str, str]] = {
    "sleeps": (hard.sleep_long, "sleeping", AT_ONCE),
    "sleeps async": (hard.sleep_async, "sleeping", AT_ONCE),
    "loops in Python": (hard.loop_in_python, "looping", AT_ONCE),
    "loops in C": (hard.loop_in_c, "looping in C", LATE),
    "ignores SIGTERM": (hard.ignore_sigterm, "ignoring", LATE),
    "swallows StopRun": (hard.swallow_the_stop, "swallowing", LATE),
    "suspends itself": (hard.suspend_itself, "suspending", AT_ONCE),
    "starts children": (hard.start_children, "started", AT_ONCE),
    "starts children that ignore SIGTERM": (hard.start_hard_children, "started", AT_ONCE),
    "waits for a program": (hard.wait_for_program, "waiting", AT_ONCE),
    "looks": (hard.look, "looking", AT_ONCE),
    "takes memory": (partial(hard.take_memory, MEGABYTES), "taken", AT_ONCE),
}
"""What a job does, what it says when it is there, and by what it ends."""
