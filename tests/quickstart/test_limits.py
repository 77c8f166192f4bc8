"""Issue 8, line 48: what the quick start's web server takes from anybody is bounded."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from countjobs.admin.transfer.reading import MOST_BYTES
from countjobs.quickstart.serving import LIMITS
from tests.support.paths import ROOT

MOST = LIMITS["max_request_body_size"]
PATIENCE = 60

pytestmark = pytest.mark.process

Connect = Callable[[], socket.socket]


@contextmanager
def served(**limits: int) -> Iterator[Connect]:
    """A site of its own process, and connections to it that are closed at the end."""
    command = [sys.executable, "-m", "tests.support.counting_site", json.dumps(limits)]
    opened: list[socket.socket] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        place = ("127.0.0.1", int(process.stdout.readline()))

        def connect() -> socket.socket:
            opened.append(socket.create_connection(place, timeout=PATIENCE))
            return opened[-1]

        try:
            yield connect
        finally:
            process.kill()
            for each in opened:
                each.close()


def answer_of(connection: socket.socket) -> str:
    """What comes until the connection ends, which it does abruptly where more was sent."""
    answered = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            answered += part
    return answered.decode()


def post(headers: str, body: bytes = b"") -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n\r\n".encode() + body


def test_the_largest_import_fits_with_its_form() -> None:
    assert MOST >= MOST_BYTES + 1024 * 1024
    with served() as connect:
        connection = connect()
        connection.sendall(post(f"Content-Length: {MOST_BYTES}", b"x" * MOST_BYTES))
        assert f"took {MOST_BYTES}" in answer_of(connection)


@pytest.mark.parametrize("size", [MOST + 1, 2**30 - 1, 2**60])
def test_a_body_that_is_announced_as_too_long_is_refused_before_it_comes(size: int) -> None:
    with served() as connect:
        connection = connect()
        connection.sendall(post(f"Content-Length: {size}"))
        assert answer_of(connection).startswith("HTTP/1.1 413 ")


def test_a_body_in_chunks_is_refused_once_it_is_too_long() -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with served() as connect:
        connection = connect()
        connection.sendall(post("Transfer-Encoding: chunked"))
        with suppress(ConnectionError):  # it hangs up in the midst of what we send
            for _chunk in range(64):
                connection.sendall(chunk)
        assert "took" not in answer_of(connection)


def test_headers_that_are_too_long_are_refused() -> None:
    with served() as connect:
        connection = connect()
        connection.sendall(post(f"X: {'x' * (LIMITS['max_request_header_size'] + 1)}"))
        assert "took" not in answer_of(connection)


def test_who_says_nothing_is_hung_up_on() -> None:
    with served(channel_timeout=1, cleanup_interval=1) as connect:
        silent, half = connect(), connect()
        half.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nxxx")
        assert answer_of(silent) == answer_of(half) == ""


def test_only_so_many_connections_are_taken() -> None:
    with served(connection_limit=5) as connect:
        for _each in range(10):
            connect().sendall(b"GET / HTTP/1.1\r\n")  # and never the rest
        late = connect()
        late.sendall(post("Content-Length: 1", b"x"))
        late.settimeout(1)
        with pytest.raises(TimeoutError):
            late.recv(100)
