"""What the quick start's web server takes from anybody is bounded."""

from __future__ import annotations

import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from countjobs.quickstart.serving import LIMITS, web_server
from countjobs.transfer.reading import MOST_BYTES

MOST = LIMITS["max_request_body_size"]

Connect = Callable[[], socket.socket]


def count(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"took %d" % len(environ["wsgi.input"].read())]


@pytest.fixture
def connect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connects to a site that says how long a body was."""
    for name, limit in getattr(request, "param", {}).items():
        monkeypatch.setitem(LIMITS, name, limit)
    server = web_server(count, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    opened: list[socket.socket] = []

    def connect_it() -> socket.socket:
        place = ("127.0.0.1", int(server.effective_port))
        opened.append(socket.create_connection(place, timeout=60))
        return opened[-1]

    yield connect_it
    for each in opened:
        each.close()
    # In the server's own thread, which may be polling the very sockets that this closes.
    server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
    server.task_dispatcher.shutdown()
    thread.join(60)


def answer_of(connection: socket.socket) -> str:
    """What comes until the connection ends, which it does abruptly where more was sent."""
    answered = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            answered += part
    return answered.decode()


def post(headers: str, body: bytes = b"") -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n\r\n".encode() + body


def test_waitress_is_given_every_limit() -> None:
    server = web_server(count, "127.0.0.1", 0)
    try:
        assert {name: getattr(server.adj, name) for name in LIMITS} == LIMITS
    finally:
        server.task_dispatcher.shutdown()
        server.close()


def test_a_child_that_a_job_forks_does_not_keep_the_port() -> None:
    server = web_server(count, "127.0.0.1", 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # there are threads beside it
            child = os.fork()
        if child == 0:
            os._exit(server.socket.fileno() != -1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        server.task_dispatcher.shutdown()
        server.close()


def test_the_largest_import_fits_with_its_form(connect: Connect) -> None:
    assert MOST >= MOST_BYTES + 1024 * 1024
    connection = connect()
    connection.sendall(post(f"Content-Length: {MOST_BYTES}", b"x" * MOST_BYTES))
    assert f"took {MOST_BYTES}" in answer_of(connection)


def test_a_body_that_is_announced_as_too_long_is_refused_before_it_comes(connect: Connect) -> None:
    connection = connect()
    connection.sendall(post(f"Content-Length: {MOST + 1}"))
    assert answer_of(connection).startswith("HTTP/1.1 413 ")


def test_a_body_in_chunks_is_refused_once_it_is_too_long(connect: Connect) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    connection = connect()
    connection.sendall(post("Transfer-Encoding: chunked"))
    with suppress(ConnectionError):  # it hangs up in the midst of what we send
        for _chunk in range(64):
            connection.sendall(chunk)
    assert "took" not in answer_of(connection)


@pytest.mark.parametrize("connect", [{"channel_timeout": 1, "cleanup_interval": 1}], indirect=True)
def test_who_says_nothing_is_hung_up_on(connect: Connect) -> None:
    silent, half = connect(), connect()
    half.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nxxx")
    assert answer_of(silent) == answer_of(half) == ""
