"""Counting processes outside of the product's tables: by a mark in their environment."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

VARIABLE = "COUNTJOBS_TEST_MARK"


def new_mark() -> str:
    """A mark for what is about to be started: put it into `VARIABLE` of its environment."""
    return token_hex(8)


def marked(mark: str) -> dict[int, str]:
    """The processes that carry a mark, and what began them: started in whatever way by whomever.

    Those that have ended, and that nobody has asked for their status, don't count.
    """
    wanted = f"{VARIABLE}={mark}".encode()
    found = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):  # it has ended meanwhile
                if wanted in (process / "environ").read_bytes().split(b"\0"):
                    found[int(process.name)] = _shown(process)
    return found


def _shown(process: Path) -> str:
    return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
