"""Which addresses are public, and that the one which was checked is the one which is used."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from countjobs.alerts.sending.addresses import checked_addresses, is_plainly_private, is_public
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.web import fetch
from tests.support.listening import web_server

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.9.10", "10.1.2.3", "172.16.0.1", "192.168.1.1", "0.0.0.0"),
        *("169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("224.0.0.1", "224.0.1.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "198.18.0.1"),
        *("192.0.2.1", "192.88.99.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1"),
        *("fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "100::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:169.254.169.254"),
        *("2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:f5fe:1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1"),
    ],
)
def test_an_address_is_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [PUBLIC, "8.8.8.8", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_an_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "::1", "10.0.0.1"])
def test_a_name_shows_that_it_is_private(host: str) -> None:
    assert is_plainly_private(host)


@pytest.mark.parametrize("host", ["example.com", "8.8.8.8", "notlocalhost"])
def test_a_name_does_not_show_it(host: str) -> None:
    assert not is_plainly_private(host)


class NameServer:
    """Gives each question the next answer, and the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int, **options: Any) -> list[Any]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (socket.AF_INET6, 1, 6, "", (ip, port, 0, 0))
            if ":" in ip
            else (socket.AF_INET, 1, 6, "", (ip, port))
            for ip in found
        ]


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> NameServer:
    server = NameServer(*answers)
    monkeypatch.setattr(socket, "getaddrinfo", server)
    return server


def test_of_a_hosts_addresses_only_the_public_ones_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names(monkeypatch, ["10.0.0.1", PUBLIC, "::1"])
    found = checked_addresses("example.com", 443, allow_private=False, seconds=5)
    assert [each.sockaddr for each in found] == [(PUBLIC, 443)]
    assert len(checked_addresses("example.com", 443, allow_private=True, seconds=5)) == 3


@pytest.mark.parametrize("url", ["http://example.com/", "http://2130706433/", "http://0x7f.1/"])
def test_a_name_of_a_private_address_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["127.0.0.1"])
    with pytest.raises(CannotSend, match="private address"):
        fetch("GET", url, headers={}, seconds=5, allow_private=False)


@pytest.mark.parametrize("url", ["http://2130706433:9/", "http://0x7f.1:9/", "http://127.1:9/"])
def test_another_notation_of_a_private_address_is_refused(url: str) -> None:
    """As the system reads it, whichever that is."""
    with pytest.raises(CannotSend, match=r"private address|can't be resolved"):
        fetch("GET", url, headers={}, seconds=5, allow_private=False)


def test_a_name_server_that_changes_its_answer_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name is asked for once, and the connection is made to the answer that was checked."""
    connected: list[tuple[str, int]] = []
    real = socket.socket.connect
    with web_server() as server:
        asked = names(monkeypatch, [PUBLIC], ["127.0.0.1"])

        def connect(self: socket.socket, address: tuple[str, int]) -> None:
            connected.append(address)
            real(self, ("127.0.0.1", server.port))

        monkeypatch.setattr(socket.socket, "connect", connect)
        assert fetch("GET", "http://example.com/a", headers={}, seconds=5, allow_private=False)
        monkeypatch.undo()
    assert connected == [(PUBLIC, 80)]
    assert asked.asked == 1
    assert server.requests[0].headers["host"] == "example.com"


def test_the_next_address_is_tried_if_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server() as server:
        names(monkeypatch, ["127.0.0.2", "127.0.0.1"])
        url = f"http://example.com:{server.port}/"
        assert fetch("GET", url, headers={}, seconds=5, allow_private=True) == 200


def test_a_slow_name_server_does_not_hold_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*args: Any, **options: Any) -> list[Any]:
        time.sleep(1)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(CannotSend, match="name server didn't answer"):
        fetch("GET", "http://example.com/", headers={}, seconds=0.05, allow_private=True)


def test_a_name_without_an_address_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **options: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "secret.example isn't known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CannotSend, match=r"^The server's name can't be resolved\.$"):
        fetch("GET", "http://secret.example/", headers={}, seconds=5, allow_private=True)
