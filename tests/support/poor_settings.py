"""Settings of a process on a system that lacks something: `LACKS` in its environment says what."""

from __future__ import annotations

import errno
import os
from typing import NoReturn

from tests.settings import *  # noqa: F403


def no_fork() -> NoReturn:
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


if os.environ.get("LACKS") == "processes":
    os.fork = no_fork
elif os.environ.get("LACKS") == "pidfd":
    del os.pidfd_open
