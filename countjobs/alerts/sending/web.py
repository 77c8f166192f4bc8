"""One request to a web server that may be anybody's: bounded, without redirects and proxies."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from http import HTTPStatus
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    parse_headers,
)

from django.core.exceptions import ValidationError

from countjobs.alerts.sending.addresses import Address, checked_addresses
from countjobs.alerts.sending.deadline import Deadline
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.web_address import WebAddress
from countjobs.text import visible

_MOST_ANSWER = 4_096
"""How many bytes of an answer's body are read, so that the server can finish sending."""


_MOST_BEFORE = 10
"""How many interim answers (1xx) may come before the answer."""


class _Response(HTTPResponse):
    """An answer after a few interim ones. Python's own skips `100 Continue` only, without end."""

    def _read_status(self) -> tuple[str, int, str]:
        for _interim in range(_MOST_BEFORE + 1):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # Python's own
            if not HTTPStatus.CONTINUE <= status < HTTPStatus.OK:
                return version, status, reason
            parse_headers(self.fp)
        raise HTTPException


def fetch(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str],
    seconds: float,
    allow_private: bool,
) -> int:
    """Send a request, and return the answer's status.

    All of it takes at most so many seconds. Raises CannotSend, also for a redirect. The error holds
    neither the URL's path nor its query or password.
    """
    try:
        address = WebAddress.parse(url)
    except ValidationError as error:
        raise CannotSend(" ".join(error.messages)) from None
    deadline = Deadline(seconds)
    try:
        with deadline, ExitStack() as opened:
            addresses = checked_addresses(
                address.host, address.port, allow_private=allow_private, seconds=deadline.left()
            )
            connection = _connection(address, addresses, deadline, opened)
            status = _ask(
                connection, method, address, body=body, headers=headers, deadline=deadline
            )
    except (OSError, HTTPException, ValueError) as error:
        raise CannotSend(_sentence(error, deadline, seconds)) from None
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise CannotSend(f"The server answered {status}, a redirect. Redirects aren't followed.")
    return status


def _connection(
    address: WebAddress, addresses: list[Address], deadline: Deadline, opened: ExitStack
) -> HTTPConnection:
    """A connection to one of the addresses. TLS checks the certificate, for the host's name."""
    sock = _connected(addresses, deadline, opened)
    connection: HTTPConnection
    if address.scheme == "https":
        context = ssl.create_default_context()
        sock = opened.enter_context(
            context.wrap_socket(sock, server_hostname=address.host, do_handshake_on_connect=False)
        )
        deadline.guard(sock)
        sock.do_handshake()
        connection = HTTPSConnection(address.host, address.port, context=context)
    else:
        connection = HTTPConnection(address.host, address.port)
    connection.response_class = _Response
    connection.auto_open = 0  # it would ask the name server again
    connection.sock = sock
    return connection


def _connected(addresses: list[Address], deadline: Deadline, opened: ExitStack) -> socket.socket:
    """A connection to the first address that takes it, each with its share of the time."""
    failure: OSError = TimeoutError()
    for number, each in enumerate(addresses):
        try:
            sock = opened.enter_context(socket.socket(each.family, socket.SOCK_STREAM))
            deadline.guard(sock)
            sock.settimeout(deadline.left() / (len(addresses) - number))
            sock.connect(each.sockaddr)
            sock.settimeout(deadline.left())
        except OSError as error:
            failure = error
        else:
            return sock
    raise failure


def _ask(
    connection: HTTPConnection,
    method: str,
    address: WebAddress,
    *,
    body: bytes,
    headers: Mapping[str, str],
    deadline: Deadline,
) -> int:
    login = {"Authorization": address.authorization} if address.authorization else {}
    all_headers = {"Connection": "close", **login, **headers}
    connection.request(method, address.target, body or None, all_headers)
    with connection.getresponse() as response:
        deadline.left()  # headers that were cut off look like complete ones
        with suppress(OSError, HTTPException, ValueError):  # the server has answered
            response.read(_MOST_ANSWER)
        return response.status


def _sentence(error: Exception, deadline: Deadline, seconds: float) -> str:
    if deadline.has_passed or isinstance(error, TimeoutError):
        return f"The server didn't answer within {seconds:g} seconds."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The server's certificate isn't valid: {visible(error.verify_message)}."
    if isinstance(error, ssl.SSLError):
        return f"No encrypted connection to the server: {visible(error.reason or 'it ended')}."
    if isinstance(error, HTTPException | ValueError):
        return f"The server's answer isn't one of HTTP ({type(error).__name__})."
    return f"The server can't be reached: {_why(error)}."


def _why(error: Exception) -> str:
    """What the system says of an error, without what it was about."""
    said = error.strerror if isinstance(error, OSError) else ""
    return visible(said or type(error).__name__)
