"""The address that the web server will have, taken before anything else is started."""

from __future__ import annotations

import errno
import socket

from django.utils.translation import gettext as _

LAST_PORT = 65_535
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what a browser is told instead


class AddressError(Exception):
    """The address can't be had. The message says why, and what to do."""


def take_address(host: str, port: int) -> socket.socket:
    """A socket that listens; connections wait until a server accepts them. Raises AddressError.

    It listens at once, since two programs may bind to the same port as long as neither does.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:  # the latter for a name too long for DNS
        raise AddressError(_("There is no host “%(host)s”.") % {"host": host}) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise AddressError(_reason(error, host, port)) from error
    return listener


def _reason(error: OSError, host: str, port: int) -> str:
    given = {"host": host, "port": port, "other": port + 1 if port < LAST_PORT else 8000}
    match error.errno:
        case errno.EADDRINUSE:
            return _("Port %(port)d is taken by another program; try --port %(other)d.") % given
        case errno.EACCES:
            return _("Port %(port)d is reserved for the system; try --port 8000.") % given
        case errno.EADDRNOTAVAIL:
            return _("“%(host)s” is not an address of this machine; try --host 127.0.0.1.") % given
        case _other:
            given["reason"] = error.strerror
            return _("Can't listen on %(host)s, port %(port)d: %(reason)s.") % given


def url_of(host: str, listener: socket.socket) -> str:
    """Where a browser on this machine finds the admin."""
    port = listener.getsockname()[1]
    shown = _ANY.get(host, host)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/admin/"
