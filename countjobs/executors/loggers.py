"""Loggers that hand nothing on to the root: what runs log there is kept, too.

Such a logger writes with handlers of its own, to a stream that was there before ours. A project's
LOGGING may have made it, or a library, at any time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from countjobs.executors.standins import StandIn


class ApartLoggers:
    """Has a handler on the root, and on each logger that doesn't propagate."""

    def __init__(self, handler: logging.Handler) -> None:
        self._handler = handler
        self._known = 0
        """How many loggers there were at the last look."""

    def attach(self) -> None:
        """Put the handler in its place. Cheap, where no logger has come since the last time."""
        logging.getLogger().addHandler(self._handler)
        if self._known != (known := len(logging.Logger.manager.loggerDict)):
            self._known = known
            for logger in _loggers():
                if not logger.propagate and _writes_past_us(logger):
                    logger.addHandler(self._handler)

    def detach(self) -> None:
        """Take it away from all of them."""
        self._known = 0
        for logger in (logging.getLogger(), *_loggers()):
            logger.removeHandler(self._handler)


def _loggers() -> Iterator[logging.Logger]:
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):  # else it only stands for those below it
            yield logger


def _writes_past_us(logger: logging.Logger) -> bool:
    """Whether it is meant to be seen, and none of its handlers writes to a stand-in for a stream.

    What goes to a stand-in is kept anyway.
    """
    seen = [each for each in logger.handlers if not isinstance(each, logging.NullHandler)]
    return bool(seen) and not any(
        isinstance(getattr(each, "stream", None), StandIn) for each in seen
    )
