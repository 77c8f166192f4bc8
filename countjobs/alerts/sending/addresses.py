"""The IP addresses of a host, and which of them are public.

The caller connects to an address that was checked here, and doesn't ask the name server again: its
second answer could be a private address.
"""

from __future__ import annotations

import queue
import socket
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from countjobs.alerts.sending.errors import CannotSend

_NAT64 = ip_network("64:ff9b::/96")
_REFUSED = [
    ip_network(each)
    for each in (
        "::/96",  # IPv4 addresses in an old notation, and ::1
        "64:ff9b:1::/48",  # translates to IPv4 addresses of the local network
        "2001::/32",  # Teredo: goes through an IPv4 address
        "2002::/16",  # 6to4: the same
        "fec0::/10",  # site-local
        "100.64.0.0/10",  # shared by the customers of a provider; some clouds' metadata
        "168.63.129.16/32",  # what Azure's virtual machines reach their host by
        "192.0.0.0/24",  # special purposes; some clouds' metadata
        "192.88.99.0/24",  # 6to4 relays
    )
]
"""Addresses that Python, or some versions of it, take for public."""


@dataclass(frozen=True)
class Address:
    """An address to connect to."""

    family: socket.AddressFamily
    sockaddr: tuple[Any, ...]
    """The address and the port, as `socket.connect` takes them."""


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet. Raises ValueError if it is none."""
    ip = ip_address(text)
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return _is_public(ip.ipv4_mapped)
        if ip in _NAT64:
            return _is_public(IPv4Address(int(ip) & 0xFFFF_FFFF))
    return _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback:
        return False
    return ip.is_global and not any(ip in network for network in _REFUSED)


def is_plainly_private(host: str) -> bool:
    """Whether a host's name alone shows that it is private. It asks no name server."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not is_public(host)
    except ValueError:
        return False


def checked_addresses(
    host: str, port: int, *, allow_private: bool, seconds: float
) -> list[Address]:
    """A host's addresses; only the public ones if private ones aren't allowed.

    Raises CannotSend if there is none, or if the name server doesn't answer within so many seconds.
    """
    found = resolve(host, port, seconds)
    if not found:
        raise CannotSend("The server's name has no address.")
    if allow_private:
        return found
    if not (public := [each for each in found if is_public(each.sockaddr[0])]):
        raise CannotSend(
            "The server has a private address. The setting ALERT_PRIVATE_ADDRESSES allows these."
        )
    return public


def resolve(host: str, port: int | None, seconds: float) -> list[Address]:
    """All addresses of a host. Raises CannotSend.

    It asks in another thread: only so the wait can be bounded.
    """
    answers: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except Exception as error:  # UnicodeError, too: a name of a wrong form
            answers.put(error)
        else:
            answers.put([Address(family, sockaddr) for family, _, _, _, sockaddr in found])

    threading.Thread(target=ask, name="countjobs-name-server", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise CannotSend("The name server didn't answer in time.") from None
    if isinstance(answer, Exception):
        raise CannotSend("The server's name can't be resolved.") from None
    families = {socket.AF_INET, socket.AF_INET6}
    return list(dict.fromkeys(each for each in answer if each.family in families))
