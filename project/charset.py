"""What comes is in UTF-8, as the site's pages are.

A request may name any codec that Python has, and Django takes it up while it reads the headers,
where nobody catches what some of them raise (`hex` is for no text, `idna` not for all of it). So
this goes around Django, and not among its middleware.
"""

from __future__ import annotations

import codecs
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

REFUSAL = b"This site takes requests in UTF-8 only."
_HEADERS = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(REFUSAL))}


def is_utf8(content_type: str) -> bool:
    """Whether a Content-Type names UTF-8, or no charset that Python has heard of."""
    try:
        _kind, parameters = parse_header_parameters(content_type)
    except Exception:  # whatever Django raises here, its request would raise, too
        return False
    try:
        return codecs.lookup(parameters.get("charset", "utf-8")).name == "utf-8"
    except LookupError:
        return True  # Django takes no notice of it
    except ValueError:
        return False


def utf8_only(application: Wsgi) -> Wsgi:
    """A WSGI application that is asked in UTF-8 only; others are told so, with status 400."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if is_utf8(environ.get("CONTENT_TYPE", "")):
            return application(environ, start_response)
        start_response("400 Bad Request", [*_HEADERS.items()])
        return [REFUSAL]

    return answer


def utf8_only_async(application: Asgi) -> Asgi:
    """The same for ASGI."""

    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        named = b",".join(
            value for name, value in scope.get("headers", ()) if name == b"content-type"
        )
        if is_utf8(named.decode("latin-1")):
            return await application(scope, receive, send)
        headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": REFUSAL})
        return None

    return answer
