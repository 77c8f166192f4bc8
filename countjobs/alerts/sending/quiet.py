"""Keeping what other packages log out of the log, while they handle a secret."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGERS = (
    "apprise",
    "requests",
    *("urllib3.connection", "urllib3.connectionpool", "urllib3.poolmanager", "urllib3.util.retry"),
    *("requests_oauthlib.oauth1_auth", "requests_oauthlib.oauth2_session"),
)
"""Loggers whose records may have URLs."""


class _Quiet(threading.local):
    is_on = False


_this_thread = _Quiet()


def _is_told(record: logging.LogRecord) -> bool:
    return not _this_thread.is_on


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what these packages log in this thread. Jobs in other threads may use them, too."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_told)  # twice is no harm
    before, _this_thread.is_on = _this_thread.is_on, True
    try:
        yield
    finally:
        _this_thread.is_on = before
