"""What the commands that run jobs show of their logs."""

from __future__ import annotations

import io
import logging
import sys

from countjobs.executors.output import TerminalFormatter


def configure_logging(verbosity: int) -> None:
    """Log to stderr in the article's form, unless the project's LOGGING has handlers of its own.

    What can't be seen is written out, and the further lines of a record are set in: no name and no
    error of a job passes for a line of the log.

    Jobs log at INFO, and their output keeps it, whatever is shown here: 0 shows warnings only, 1
    what runs, 2 also details of ours, 3 also APScheduler's.
    """
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(TerminalFormatter())
        handler.setLevel(logging.WARNING if verbosity == 0 else logging.DEBUG)
        root.addHandler(handler)
        root.setLevel(logging.INFO)
    details, everything = verbosity >= 2, verbosity >= 3  # noqa: PLR2004  # -v's own numbers
    logging.getLogger("countjobs").setLevel(logging.DEBUG if details else logging.INFO)
    logging.getLogger("apscheduler").setLevel(logging.DEBUG if everything else logging.INFO)


def show_lines_at_once() -> None:
    """Have what jobs print appear when they print it, also where stdout is a pipe or a file.

    Python would keep kilobytes of it back, and the log, on stderr, would run ahead.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
