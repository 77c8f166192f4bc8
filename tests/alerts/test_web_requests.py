"""One request to a server that may be slow, hostile or somebody else."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.senders import senders
from countjobs.alerts.sending.web import fetch
from countjobs.alerts.sending.web_address import WebAddress
from tests.support.listening import drip, raw_server, silence, web_server


def get(url: str, seconds: float = 10) -> int:
    return fetch("GET", url, headers={}, seconds=seconds, allow_private=True)


def why_not(url: str, seconds: float = 10) -> str:
    with pytest.raises(CannotSend) as caught:
        get(url, seconds)
    return str(caught.value)


def test_a_request_arrives_as_it_was_made() -> None:
    with web_server(204) as server:
        url = f"{server.url}/日/a b?q=é#part".replace(" ", "%20")
        headers = {"X-Own": "1"}
        assert fetch("POST", url, body=b"{}", headers=headers, seconds=9, allow_private=True) == 204
    (request,) = server.requests
    assert (request.method, request.body) == ("POST", b"{}")
    assert request.path == "/%E6%97%A5/a%20b?q=%C3%A9"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.headers["x-own"] == "1"
    assert "authorization" not in request.headers


def test_a_user_and_password_become_a_header() -> None:
    with web_server() as server:
        get(server.url.replace("//", "//me:p%40ss@"))
    assert server.requests[0].headers["authorization"] == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with web_server() as inside, web_server(status, headers={"Location": inside.url}) as server:
        assert f"answered {status}, a redirect" in why_not(server.url)
    assert inside.requests == []


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_no_proxy_is_used(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server() as proxy, web_server() as server:
        monkeypatch.setenv(variable, proxy.url)
        get(server.url)
    assert proxy.requests == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 ",
        b"HTTP/1.1 200 OK\r\nX-Long: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_a_server_that_drips_does_not_hold_up(first: bytes) -> None:
    with raw_server(drip(first)) as port:
        began = time.monotonic()
        said = why_not(f"http://127.0.0.1:{port}/", 0.3)
        assert time.monotonic() - began < 10
    assert said == "The server didn't answer within 0.3 seconds."


def test_an_answer_counts_even_if_its_body_drips() -> None:
    """The server took the message: another try would be a second one."""
    with raw_server(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")) as port:
        assert get(f"http://127.0.0.1:{port}/", 0.3) == 200


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_silent_server_does_not_hold_up(scheme: str) -> None:
    with raw_server(silence) as port:
        assert "didn't answer within 0.2" in why_not(f"{scheme}://127.0.0.1:{port}/", 0.2)


def test_a_huge_answer_is_not_read_to_its_end() -> None:
    sent = 0

    def flood(client: socket.socket, ended: threading.Event) -> None:
        nonlocal sent
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while sent < 1_000_000_000 and not ended.is_set():
            sent += client.send(bytes(65_536))

    with raw_server(flood) as port:
        assert get(f"http://127.0.0.1:{port}/") == 200
    assert sent < 100_000_000


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-x\r\n", b"\x00\x01", b"HTTP/1.1 abc\r\n\r\n", b"x" * 100_000]
)
def test_what_is_not_http_is_told(answer: bytes) -> None:
    def talk(client: socket.socket, ended: threading.Event) -> None:
        client.recv(65_536)
        client.sendall(answer)

    with raw_server(talk) as port:
        assert "isn't one of HTTP" in why_not(f"http://127.0.0.1:{port}/")


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = why_not(f"http://127.0.0.1:{port}/")
    assert said == "The server can't be reached: Connection refused."


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://", "https:///a"),
        *("http://[::1/", "http://a:99999/", "http://a:b/", "http://a/\r\nX: y", "http://a/ b"),
        *("http://a\\b/", f"http://{'a' * 70}.example/", "http://fe80::1%25eth0]/"),
        *("javascript:alert(1)", f"http://a/{'a' * 2_000}", "http://a/\u202e", "http://.../"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WebAddress.parse(url)
    assert len(url) < 8 or url[7:] not in why_not(url)


@given(st.one_of(st.text(), st.text(alphabet=":/@[]%.#?\\\r\n aä0é\ud800\u3002")))
def test_any_text_is_an_address_or_is_refused_in_words(text: str) -> None:
    for url in (text, f"http://{text}", f"https://a:{text}@b/", f"http://a/{text}"):
        with suppress(ValidationError):
            address = WebAddress.parse(url)
            assert address.host
            assert f"{address.target}{address.authorization}".isascii()
            assert address.target.isprintable()
        assert senders()["webhook"].hint(url).endswith("…")


def test_nothing_that_is_secret_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    elsewhere = {"Location": "http://127.0.0.1/s3cret"}
    with web_server(302, headers=elsewhere) as redirecting, raw_server(silence) as port:
        for origin in (redirecting.url, f"http://127.0.0.1:{port}", "http://127.0.0.1:1"):
            url = origin.replace("//", "//s3cret:s3cret@") + "/s3cret?key=s3cret"
            with pytest.raises(CannotSend) as caught:
                get(url, 0.2)
            assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in caplog.text


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost`, and its key, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl, which makes a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    options = [*("-subj", "/CN=localhost"), *("-addext", "subjectAltName=DNS:localhost")]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command.split(), *options, *files], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return both


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_the_system_trusts_is_accepted(
    certificate: Path, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with web_server(context=context) as server:
        assert get(f"https://localhost:{server.port}/") == 200
    assert server.requests[0].headers["host"] == f"localhost:{server.port}"


def test_a_certificate_for_another_name_is_refused(
    certificate: Path, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with web_server(context=context) as server:
        assert "certificate isn't valid" in why_not(server.url)
    assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(context: ssl.SSLContext) -> None:
    with web_server(context=context) as server:
        said = why_not(f"https://localhost:{server.port}/")
    assert "certificate isn't valid: self-signed certificate" in said
    assert server.requests == []


def test_a_server_without_tls_is_told() -> None:
    with web_server() as server:
        assert "No encrypted connection" in why_not(server.url.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("before", "said"), [(0, "200"), (10, "200"), (11, "isn't one of HTTP"), (100_000, "isn't one")]
)
def test_a_few_interim_answers_are_skipped(before: int, said: str) -> None:
    def talk(client: socket.socket, ended: threading.Event) -> None:
        client.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * before)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        ended.wait(20)

    with raw_server(talk) as port:
        try:
            found = str(
                fetch(
                    "POST",
                    f"http://127.0.0.1:{port}/",
                    body=b"{}",
                    headers={},
                    seconds=20,
                    allow_private=True,
                )
            )
        except CannotSend as error:
            found = str(error)
    assert said in found
