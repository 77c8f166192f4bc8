"""Logging in the commands that run jobs."""

from __future__ import annotations

import io
import logging
import sys

from countjobs.executors.output import TerminalFormatter


def configure_logging(verbosity: int) -> None:
    """Log to stderr, unless the project's LOGGING has handlers of its own.

    Invisible characters are written out, and further lines of a record are indented. So no name or
    error of a job can pass for a line of the log.

    With verbosity 0 only warnings are shown, with 1 also runs, with 2 also our details, with 3 also
    APScheduler's. The output of runs keeps what jobs log at INFO in any case.
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
    """Show each line that a job prints at once, even if stdout is a pipe or a file.

    Otherwise Python would hold back kilobytes of it, and the log on stderr would be ahead.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
