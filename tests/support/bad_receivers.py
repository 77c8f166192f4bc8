"""A webhook receiver and a mail server that fail by chance, and a server that never answers."""

from __future__ import annotations

import asyncio
import email
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from countjobs.alerts.sending.webhook import signature
from tests.support.accidents import SLOW_SECONDS, Fate, Receipts, Taken
from tests.support.clusters import free_port

HOOK, MAIL = "hook", "mail"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_MESSAGE_ID = re.compile(r"<countjobs\.([0-9a-f-]{36})@[A-Za-z0-9.-]+>")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Not to stderr: a scheduler that is killed breaks off."""


@contextmanager
def _served(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def webhook_receiver(receipts: Receipts) -> Iterator[str]:
    """It checks signatures, and fails by chance. Yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 20

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if len(body) != int(self.headers["Content-Length"]):
                return  # its scheduler was killed
            message = Taken(HOOK, self.headers["Idempotency-Key"], body)
            self.check(message)
            fate = receipts.receive(message)
            if fate is Fate.TAKEN_SLOWLY:
                time.sleep(SLOW_SECONDS)
            elif fate in {Fate.DROPPED, Fate.TAKEN_WITHOUT_ANSWER}:
                self.close_connection = True
                return
            self.send_response(500 if fate is Fate.REFUSED else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def check(self, message: Taken) -> None:
            said = self.headers
            signed = signature(KEY, said["webhook-id"], said["webhook-timestamp"], message.body)
            if said["webhook-signature"] != signed:
                receipts.wrong.append(f"{message.id}: its signature is wrong")
            if said["webhook-id"] != message.id:
                receipts.wrong.append(f"{message.id}: it is signed as {said['webhook-id']}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with _served(_Server(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/hook"


class _Mails:
    """What aiosmtpd asks."""

    def __init__(self, receipts: Receipts) -> None:
        self._receipts = receipts

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        body: bytes = envelope.content
        found = _MESSAGE_ID.fullmatch(str(email.message_from_bytes(body)["Message-ID"]))
        if found is None:
            self._receipts.wrong.append("A mail has no Message-ID of ours.")
            return "554 5.6.0 What is this?"
        fate = self._receipts.receive(Taken(MAIL, found[1], body))
        if fate is Fate.TAKEN_SLOWLY:
            await asyncio.sleep(SLOW_SECONDS)
        elif fate in {Fate.DROPPED, Fate.TAKEN_WITHOUT_ANSWER}:
            server.transport.abort()
        return "452 4.3.1 The disk is full" if fate is Fate.REFUSED else "250 OK"


@contextmanager
def mail_receiver(receipts: Receipts) -> Iterator[int]:
    """A mail server that fails by chance. Yields its port."""
    aiosmtpd = pytest.importorskip("aiosmtpd.controller", reason="could not import 'aiosmtpd'")
    port = free_port()
    controller = aiosmtpd.Controller(_Mails(receipts), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@dataclass
class Hang:
    """A server that takes connections and never answers."""

    url: str
    open: int = 0
    """How many clients wait now."""
    tries: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, number: int) -> None:
        with self.lock:
            self.open += number
            self.tries += number > 0


@contextmanager
def hanging_receiver() -> Iterator[Hang]:
    """A server that takes what is sent, and says nothing until the other side has had enough."""
    ended = threading.Event()
    hang = Hang("")

    def wait(client: socket.socket) -> None:
        hang.count(1)
        with client, suppress(OSError):
            client.settimeout(0.1)
            while not ended.is_set():
                with suppress(TimeoutError):
                    if not client.recv(65_536):
                        break
        hang.count(-1)

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _address = server.accept()
                threading.Thread(target=wait, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        hang.url = f"http://127.0.0.1:{server.getsockname()[1]}/hang"
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        try:
            yield hang
        finally:
            ended.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


@contextmanager
def refusing_receiver() -> Iterator[str]:
    """A port that belongs to somebody, and that nobody listens on. Yields a URL."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"
