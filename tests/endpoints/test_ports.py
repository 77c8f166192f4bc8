"""Issue 13, line 3: the addresses that `--serve` takes, and what is said of others."""

from __future__ import annotations

import socket

import pytest

from countjobs.endpoints.ports import Address, listen, read_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9000", "127.0.0.1", 9000),
        ("[::1]:9000", "::1", 9000),
        ("[fe80::1%lo]:1", "fe80::1%lo", 1),
        (":9000", "", 9000),
        ("localhost:0", "localhost", 0),
        (" localhost:65535 ", "localhost", 65535),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    address = read_address(text)
    assert address == Address(host, port)
    assert read_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ADDRESS:PORT"),
        ("9000", "ADDRESS:PORT"),
        ("localhost", "ADDRESS:PORT"),
        ("local\nhost:1", "ADDRESS:PORT"),
        ("127.0.0.1:", "a port from 0 to 65535"),
        ("127.0.0.1:http", "a port from 0 to 65535"),
        ("127.0.0.1:65536", "a port from 0 to 65535"),
        ("127.0.0.1:-1", "a port from 0 to 65535"),
        ("127.0.0.1:" + "9" * 5000, "a port from 0 to 65535"),
        ("127.0.0.1:٣", "a port from 0 to 65535"),
        ("::1:9000", "in brackets"),
        ("[::1:9000", "in brackets"),
        ("[localhost]:9000", "no IPv6 address"),
        ("[]:9000", "no IPv6 address"),
    ],
)
def test_what_is_no_address_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("[", r"\[")):
        read_address(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "", "localhost"])
def test_a_port_is_taken(host: str) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with listen(Address(host, 0), 1) as taken:
        port = taken.getsockname()[1]
        to = "::1" if host == "::1" else "localhost"
        with socket.create_connection((to, port), timeout=5):
            pass


def test_a_port_that_is_taken_is_told() -> None:
    with listen(Address("127.0.0.1", 0), 1) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"Port {port} is taken by another program"):
            listen(Address("127.0.0.1", port), 1)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "x" * 70 + ".invalid"])
def test_what_isn_t_of_this_machine_is_told(host: str) -> None:
    with pytest.raises(ValueError, match="Can't listen on"):
        listen(Address(host, 0), 1)
