"""When a scheduler has done all that it does for its start: runs share the processor with that."""

from __future__ import annotations

import threading

from benchmarks.processes import wait_until

LONGEST_START_SECONDS = 900.0
MENDING = "countjobs-mending"
"""The thread that looks at all definitions after a start."""


def wait_until_looked_at() -> None:
    """Wait until a scheduler of this process has done all that it does for its start."""

    def is_done() -> bool:
        return all(thread.name != MENDING for thread in threading.enumerate())

    if not wait_until(is_done, LONGEST_START_SECONDS, every=0.1):
        raise RuntimeError(f"The job store isn't mended within {LONGEST_START_SECONDS:.0f} s.")
