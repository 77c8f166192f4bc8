"""Ports to listen on: reading what a command was given, and taking them."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

_LAST_PORT = 65_535


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str
    """A name or an address of this machine; empty: all of them."""
    port: int
    """0: any that is free."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_address(text: str) -> Address:
    """Read `ADDRESS:PORT`, `[IPv6]:PORT` or `:PORT`. Raises ValueError, saying what is wrong."""
    host, colon, port = text.strip().rpartition(":")
    if not colon:
        raise ValueError(f"must be ADDRESS:PORT, such as 127.0.0.1:9000, not {text!r}")
    if not (port.isascii() and port.isdigit() and int(port[:6]) <= _LAST_PORT):
        raise ValueError(f"must end with a port from 0 to {_LAST_PORT}, not {port!r}")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not _is_ipv6(host):
            raise ValueError(f"[{host}] is no IPv6 address")
    elif ":" in host:
        raise ValueError(f"must have an IPv6 address in brackets, such as [::1]:9000, not {text!r}")
    elif host != host.strip() or (host and not host.isprintable()):
        raise ValueError(f"must be ADDRESS:PORT, such as 127.0.0.1:9000, not {text!r}")
    return Address(host, int(port))


def _is_ipv6(host: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except OSError:
        return False
    return True


def listen(address: Address, backlog: int) -> socket.socket:
    """A socket that has the port already: connections wait. Raises ValueError if that can't be."""
    try:
        taken = _take(address, backlog)
    except (OSError, UnicodeError) as error:  # the latter for what is no name
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise ValueError(f"Port {address.port} is taken by another program.") from error
        raise ValueError(f"Can't listen on {address}: {error}") from error
    # A child that a job forks must not keep the port.
    os.register_at_fork(after_in_child=taken.close)
    return taken


def _take(address: Address, backlog: int) -> socket.socket:
    host, port = address.host, address.port
    if not host:
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("::", port), family=socket.AF_INET6, backlog=backlog, dualstack_ipv6=True
            )
        return socket.create_server(("", port), backlog=backlog)
    family, _type, _protocol, _name, found = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server((str(found[0]), port), family=family, backlog=backlog)
