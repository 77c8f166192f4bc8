"""The address of a web server, taken apart."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext_lazy as _

PORTS = {"http": 80, "https": 443}
MOST_CHARACTERS = 2_000


@dataclass(frozen=True)
class WebAddress:
    """Where a request goes, and what it asks there."""

    scheme: str
    host: str
    """In lower case, and as name servers know it. An IPv6 address has no brackets."""
    port: int
    target: str
    """The path and the query."""
    authorization: str
    """The header of that name for the URL's `user:password@`; empty if it has none."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take a URL apart. Raises ValidationError, which quotes nothing of it."""
        if len(url) > MOST_CHARACTERS:
            raise ValidationError(_("The address is too long."), code="long")
        if not url.isprintable() or " " in url:
            raise ValidationError(
                _("The address has a space or an invisible character."), code="characters"
            )
        try:
            parts = urlsplit(url)
            host, port = _host(parts), parts.port
        except ValueError:
            host, port = "", None
        if not host or parts.scheme not in PORTS:
            raise ValidationError(
                _("Enter an address that begins with http:// or https://."), code="scheme"
            )
        return cls(
            scheme=parts.scheme,
            host=host,
            port=PORTS[parts.scheme] if port is None else port,
            target=_target(parts),
            authorization=_authorization(parts),
        )

    @property
    def origin(self) -> str:
        """The address without what may be secret: `https://example.com:8443`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "%" in host or "\\" in host:
        return ""
    return host if ":" in host else host.encode("idna").decode("ascii")


def _target(parts: SplitResult) -> str:
    query = f"?{parts.query}" if parts.query else ""
    return iri_to_uri(f"{parts.path or '/'}{query}")


def _authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
