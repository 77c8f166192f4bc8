"""A child that ends with its parent, however that ends: SIGKILL included.

The parent holds the one end of a pipe, the child the other. Nothing is ever written. When the
parent is gone the system closes its end, and the child reads that there is no more to come.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Sequence

_VARIABLE = "COUNTJOBS_PARENT_PIPE"


def start_tethered(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a child, out of the terminal's reach: in a session of its own."""
    if os.name != "posix":
        return subprocess.Popen(command, start_new_session=True)  # noqa: S603  # our own command
    theirs, _ours = os.pipe()  # ours stays open until this process ends
    try:
        return subprocess.Popen(  # noqa: S603  # our own command
            command,
            start_new_session=True,
            pass_fds=[theirs],
            env={**os.environ, _VARIABLE: str(theirs)},
        )
    finally:
        os.close(theirs)


def when_parent_ends(call: Callable[[], object]) -> None:
    """Have something called, in a thread of its own, when the parent is gone.

    Nothing happens in a process that wasn't started by `start_tethered`.
    """
    pipe = os.environ.pop(_VARIABLE, "")  # what this process starts has other parents
    if pipe.isdecimal():
        os.set_inheritable(int(pipe), False)
        threading.Thread(
            target=_wait, args=(int(pipe), call), name="countjobs-parent", daemon=True
        ).start()


def _wait(pipe: int, call: Callable[[], object]) -> None:
    try:
        os.read(pipe, 1)
    finally:
        call()
