"""Servers of the test's own on this machine, which say what they were sent."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes


@dataclass
class WebServer:
    url: str
    port: int
    requests: list[Request] = field(default_factory=list)


@contextmanager
def web_server(
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    context: ssl.SSLContext | None = None,
) -> Iterator[WebServer]:
    """An HTTP server that answers each request alike."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 20
        received: ClassVar[list[Request]] = []

        def answer(self) -> None:
            names = {name.lower(): value for name, value in self.headers.items()}
            sent = self.rfile.read(int(names.get("content-length", 0)))
            self.received.append(Request(self.command, self.path, names, sent))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # the other side may have had enough
                self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Not to stderr: a client that breaks off is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    scheme = "https" if context else "http"
    port = server.server_address[1]
    try:
        yield WebServer(f"{scheme}://127.0.0.1:{port}", port, Handler.received)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def raw_server(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """A server that says what it likes, to one client. Yields its port."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            with suppress(OSError):
                client, _address = server.accept()
                with client:
                    client.settimeout(20)
                    talk(client, ended)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def drip(first: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Say something, and then one byte at a time, for ever."""

    def talk(client: socket.socket, ended: threading.Event) -> None:
        client.sendall(first)
        began = time.monotonic()
        while not ended.wait(0.01) and time.monotonic() - began < 20:
            client.sendall(b"x")

    return talk


def silence(client: socket.socket, ended: threading.Event) -> None:
    """Take the connection, and say nothing."""
    ended.wait(20)
