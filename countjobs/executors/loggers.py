"""Loggers that don't propagate to the root: what runs log there is kept, too.

Such a logger has handlers of its own, which write to a stream from before ours. A project's
LOGGING, or a library, may make one at any time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from countjobs.executors.standins import StandIn

LOOK_SECONDS = 1.0
"""How often to look whether loggers have begun to propagate, or ceased to."""


class ApartLoggers:
    """Has a handler on the root, and on each logger that doesn't propagate."""

    def __init__(self, handler: logging.Handler) -> None:
        self._handler = handler
        self._known = 0
        """How many loggers there were at the last look."""
        self._look_at = 0.0
        """When to look again, by the monotonic clock."""

    def attach(self) -> None:
        """Put the handler in place. Cheap if there are no new loggers since the last time."""
        root, known = logging.getLogger(), len(logging.Logger.manager.loggerDict)
        # If it is gone from the root, a job has set up logging anew, and it is gone from others
        # too.
        is_new = self._known != known or self._handler not in root.handlers
        if is_new or time.monotonic() >= self._look_at:
            self._known, self._look_at = known, time.monotonic() + LOOK_SECONDS
            root.addHandler(self._handler)
            for logger in _loggers():
                self._attach_to(logger)

    def _attach_to(self, logger: logging.Logger) -> None:
        if not logger.propagate and _writes_past_us(logger, self._handler):
            logger.addHandler(self._handler)
        elif self._handler in logger.handlers:
            logger.removeHandler(self._handler)

    def detach(self) -> None:
        """Take it away from all of them."""
        self._known = 0
        for logger in (logging.getLogger(), *_loggers()):
            logger.removeHandler(self._handler)


def _loggers() -> Iterator[logging.Logger]:
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):  # else it is a placeholder
            yield logger


def _writes_past_us(logger: logging.Logger, ours: logging.Handler) -> bool:
    """Whether it has real handlers, and none of them writes to a stand-in for a stream.

    What goes to a stand-in is kept anyway.
    """
    seen = [
        each
        for each in logger.handlers
        if each is not ours and not isinstance(each, logging.NullHandler)
    ]
    return bool(seen) and not any(
        isinstance(getattr(each, "stream", None), StandIn) for each in seen
    )
