"""A scheduler's own HTTP server, for probes and monitoring: small, and bounded in all it takes.

One request a connection, a few connections at once, a few seconds each. It knows no users: who
reaches its port may ask.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from django.db import connections

from countjobs.endpoints.answers import Answer
from countjobs.endpoints.ports import Address, listen
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

MOST_AT_ONCE = 8
"""Connections. If there are more, one of those whose clients are slow is ended for each; if all are
being answered, the new one is.
"""
REQUEST_SECONDS = 5.0
"""How long a client may take to send its request, and to take the answer."""
_LOOK_SECONDS = 0.5
_ROOM_SECONDS = 0.2
"""How long the end of a slow connection may take."""
_BACKLOG = 16

Ask = Callable[[str, str], Answer | None]
"""Given a path, and what the request accepts."""


class _Handler(BaseHTTPRequestHandler):
    """One connection, with one request."""

    timeout = REQUEST_SECONDS
    server: ProbeServer

    def do_GET(self) -> None:  # its name
        """Answer."""
        self.server.waits_no_more(self.connection)
        path = self.path.partition("?")[0]
        answer = self.server.ask(path, self.headers.get("Accept", ""))
        self.server.waits_for(self.connection)
        self._send(answer or Answer(404, b"There is nothing here.\n"))

    do_HEAD = do_GET  # noqa: N815

    def _send(self, answer: Answer, **headers: str) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request. Nothing of it is repeated."""
        self.close_connection = True
        if code == 501:  # noqa: PLR2004  # a method that there is none for here
            self._send(Answer(405, b"Only GET and HEAD are answered.\n"), Allow="GET, HEAD")
        else:
            self._send(Answer(int(code), b"This request can't be read.\n"))

    def version_string(self) -> str:
        """What the header Server says."""
        return "countjobs"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name
        """Nothing: probes come every few seconds, and what they send is anybody's text."""


class ProbeServer(ThreadingMixIn, TCPServer):
    """It has its port as soon as it is made; requests wait until `start`.

    Raises ValueError if the port can't be had.
    """

    daemon_threads = True

    def __init__(self, address: Address) -> None:
        self.ask: Ask = lambda _path, _accept: None
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._waiting: dict[Any, float] = {}
        """Connections whose clients have yet to send the request, or to take the answer, and since
        when. The oldest is first.
        """
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_LOOK_SECONDS,), name="countjobs-serve", daemon=True
        )
        taken = listen(address, _BACKLOG)
        TCPServer.__init__(self, ("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = taken
        self.host = address.host
        self.port: int = taken.getsockname()[1]

    def start(self, ask: Ask) -> None:
        """Begin to answer."""
        self.ask = ask
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and give the port back."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join(_LOOK_SECONDS * 4)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer it in a thread, if there is room."""
        if not self._has_room():
            self.shutdown_request(request)
            return
        self.waits_for(request)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be had
            self.waits_no_more(request)
            self.shutdown_request(request)
            self._room.release()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In the thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.waits_no_more(request)
            connections.close_all()
            self._room.release()

    def _has_room(self) -> bool:
        """Take a place. Who sends slowly must not keep a probe from its answer."""
        if self._room.acquire(blocking=False):
            return True
        with self._lock:
            oldest = next(iter(self._waiting), None)
        if oldest is None:
            return False
        self._end(oldest)
        return self._room.acquire(timeout=_ROOM_SECONDS)

    def waits_for(self, request: Any) -> None:
        """A client is to send or to take something."""
        with self._lock:
            self._waiting[request] = time.monotonic()

    def waits_no_more(self, request: Any) -> None:
        """A request is there, or its connection has ended."""
        with self._lock:
            self._waiting.pop(request, None)

    def service_actions(self) -> None:
        """Twice a second: end connections whose requests come too slowly.

        The time-out of a socket begins anew with each byte.
        """
        long_ago = time.monotonic() - REQUEST_SECONDS
        with self._lock:
            slow = [each for each, since in self._waiting.items() if since < long_ago]
        for each in slow:
            self._end(each)

    def _end(self, request: Any) -> None:
        self.waits_no_more(request)
        with suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone, mostly. It is nobody's business but its own."""
        logger.debug("A connection failed.", exc_info=True)
