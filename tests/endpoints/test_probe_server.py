"""Issue 13, line 3: a scheduler's own server takes little from anybody, and answers GET, HEAD."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from countjobs.endpoints import probe_server
from countjobs.endpoints.answers import Answer
from countjobs.endpoints.probe_server import MOST_AT_ONCE, ProbeServer
from tests.support.asked_servers import LOCAL, connect, exchange, get, rest_of, serving
from tests.support.waiting import wait_until


def echo(path: str, accept: str) -> Answer | None:
    return Answer(200, f"{path} {accept}\n".encode()) if path == "/here" else None


def test_get_and_head_are_answered() -> None:
    with serving(echo) as server:
        status, headers, body = get(server.port, "/here?query=1", accept="text/plain")
        assert (status, body) == (200, "/here text/plain\n")
        assert "Cache-Control: no-store" in headers
        assert "Server: countjobs" in headers
        assert "Python" not in headers
        status, headers, body = get(server.port, "/here", "HEAD")
        assert (status, body) == (200, "")
        assert "Content-Length: 7" in headers
        assert get(server.port, "/elsewhere")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "send_error"])
def test_other_methods_are_refused(method: str) -> None:
    with serving(echo) as server:
        status, headers, _body = get(server.port, "/here", method)
    assert status == 405
    assert "Allow: GET, HEAD" in headers


@pytest.mark.parametrize(
    "request_line",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"<script> / HTTP/9\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"\xff\xfe\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_not_repeated(
    request_line: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(echo) as server:
        answer = exchange(server.port, request_line)
        assert b"200" not in answer.partition(b"\r\n")[0]
        assert b"script" not in answer
        assert get(server.port, "/here")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_requests_wait_until_it_has_started() -> None:
    server = ProbeServer(LOCAL)
    try:
        with connect(server.port) as client:
            client.sendall(b"GET /here HTTP/1.0\r\n\r\n")
            server.start(echo)
            assert b"200" in rest_of(client)
    finally:
        server.stop()


def test_a_few_connections_are_answered_at_once_and_the_others_closed() -> None:
    go_on = threading.Event()
    begun = threading.Semaphore(0)

    def slow(path: str, accept: str) -> Answer:
        begun.release()
        assert go_on.wait(30)
        return Answer(200, b"ok\n")

    with serving(slow) as server:
        clients = [connect(server.port) for _ in range(MOST_AT_ONCE)]
        try:
            for client in clients:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert begun.acquire(timeout=30)
            assert exchange(server.port, b"GET / HTTP/1.0\r\n\r\n") == b""
            go_on.set()
            assert all(b"200" in rest_of(client) for client in clients)
            wait_until(lambda: exchange(server.port, b"GET / HTTP/1.0\r\n\r\n"), what="for room")
        finally:
            go_on.set()
            for client in clients:
                client.close()


def test_slow_clients_do_not_keep_a_probe_from_its_answer() -> None:
    """Else anybody could have an orchestrator restart the scheduler."""
    big = Answer(200, b"x" * 50_000_000)
    with serving(lambda path, accept: big if path == "/big" else echo(path, accept)) as server:
        for request in (b"GET /he", b"GET /big HTTP/1.0\r\n\r\n"):
            clients = [connect(server.port) for _ in range(MOST_AT_ONCE * 2)]
            try:
                for client in clients:
                    with suppress(OSError):  # it may have been ended already
                        client.sendall(request)
                assert get(server.port, "/here")[0] == 200
                assert get(server.port, "/here")[0] == 200
            finally:
                for client in clients:
                    client.close()


def test_a_client_that_sends_byte_by_byte_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_server, "REQUEST_SECONDS", 0.5)
    with serving(echo) as server, connect(server.port) as client:
        ended = threading.Event()

        def drip() -> None:
            try:
                while not ended.wait(0.05):
                    client.sendall(b"G")
            except OSError:
                pass

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert b"200" not in rest_of(client)
        finally:
            ended.set()
            thread.join(30)


def test_a_server_that_has_stopped_gives_its_port_back() -> None:
    with serving(echo) as server:
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        connect(port)
