"""Keeping what other packages log out of the log, while they handle a secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LOGGERS = (
    "apprise",
    "requests",
    *("urllib3.connection", "urllib3.connectionpool", "urllib3.poolmanager", "urllib3.util.retry"),
    *("requests_oauthlib.oauth1_auth", "requests_oauthlib.oauth2_session"),
)
"""Loggers whose records may have URLs."""


_is_on = ContextVar("is_on", default=False)
"""Apprise's own threads have a copy of the context that they were asked in."""


def _is_told(record: logging.LogRecord) -> bool:
    return not _is_on.get()


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what these packages log in this thread. Jobs in other threads may use them, too."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_told)  # twice is no harm
    token = _is_on.set(True)
    try:
        yield
    finally:
        _is_on.reset(token)
