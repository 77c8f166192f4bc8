"""The web server of the quick start: waitress, with bounds on what it takes from anybody."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError

LIMITS = {
    "max_request_body_size": 11 * 1024 * 1024,
    "max_request_header_size": 64 * 1024,
    "connection_limit": 100,
    "channel_timeout": 30,
    "cleanup_interval": 10,
}
"""Bytes and seconds. An import takes files of 10 MB, and its form a little more. Waitress's own
limits are 1 GiB, written to disk for whoever sends it, and two minutes."""

_LAST_PORT = 65_535
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what a browser is told instead


def web_server(application: Callable[..., Any], host: str, port: int) -> Any:
    """A server that has its port already. Connections wait for its `run`. Raises CommandError."""
    try:
        from waitress import create_server  # noqa: PLC0415  # the project's, not the app's, need
    except ImportError:
        raise CommandError("The web server is missing: pip install waitress") from None
    if not 0 <= port <= _LAST_PORT:
        raise CommandError(f"{port} is not a port: ports go from 0 to {_LAST_PORT}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:  # the latter for what is no name
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            other = port + 1 if port < _LAST_PORT else port - 1
            reason = f"Port {port} is taken by another program; try --port {other}."
        else:
            reason = f"Can't listen on {host}, port {port}: {error}"
        raise CommandError(reason) from error
    # A child that a job forks must not keep the port, nor may files that jobs hold open end the
    # server: select() takes no descriptor beyond 1023.
    os.register_at_fork(after_in_child=listener.close)
    return create_server(
        application, sockets=[listener], threads=8, asyncore_use_poll=True, **LIMITS
    )


class Serving(threading.Thread):
    """Answers requests. Whatever ends that ends the scheduler beside it, too, as a signal would."""

    def __init__(self, server: Any) -> None:
        super().__init__(name="web server", daemon=True)
        self._server = server
        self.has_ended = False

    def run(self) -> None:
        """Until the process ends."""
        try:
            self._server.run()
        finally:
            self.has_ended = True
            os.kill(os.getpid(), signal.SIGTERM)


def url_of(host: str, server: Any) -> str:
    """Where a browser on this machine finds the admin."""
    shown = _ANY.get(host, host)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{server.effective_port}/admin/"
