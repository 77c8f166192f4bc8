"""A scheduler's own server in this process, and raw requests to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from countjobs.endpoints.ports import Address
from countjobs.endpoints.probe_server import Ask, ProbeServer

LOCAL = Address("127.0.0.1", 0)


@contextmanager
def serving(ask: Ask) -> Iterator[ProbeServer]:
    """A server that answers inside."""
    server = ProbeServer(LOCAL)
    try:
        server.start(ask)
        yield server
    finally:
        server.stop()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def exchange(port: int, request: bytes) -> bytes:
    """What is answered to some bytes, until the connection ends."""
    with connect(port) as connection:
        connection.sendall(request)
        return rest_of(connection)


def rest_of(connection: socket.socket) -> bytes:
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionError:
        pass
    return found


def get(port: int, path: str, method: str = "GET", accept: str = "") -> tuple[int, str, str]:
    """The status, the headers and the body."""
    lines = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n"
    head, _, body = exchange(port, lines.encode()).partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body.decode()
