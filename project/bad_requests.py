"""What Django itself can't read of a request: it is refused with status 400, not answered with 500.

All of it was seen with Django 5.2 and 6.1, in requests from anybody. `utf8_only` goes around the
application, since Django reads the headers first; `readable_requests` is middleware.
"""

from __future__ import annotations

import codecs
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters

Answer = Callable[[HttpRequest], HttpResponseBase]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

REFUSAL = b"This site takes requests in UTF-8 only."
_TEXT = "text/plain; charset=utf-8"


def is_utf8(content_type: str) -> bool:
    """Whether a Content-Type names UTF-8, or no charset that Python has heard of.

    It may name any codec that Python has, and Django doesn't catch what some of them raise: `hex`
    is for no text, `idna` not for all of it.
    """
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
    """A WSGI application that is asked in UTF-8 only, as its pages are; others are told so."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if is_utf8(environ.get("CONTENT_TYPE", "")):
            return application(environ, start_response)
        start_response("400 Bad Request", [("Content-Type", _TEXT)])
        return [REFUSAL]

    return answer


def utf8_only_async(application: Asgi) -> Asgi:
    """The same for ASGI."""

    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = scope.get("headers", ())
        named = b",".join(value for name, value in headers if name == b"content-type")
        if is_utf8(named.decode("latin-1")):
            await application(scope, receive, send)
            return
        told = [(b"content-type", _TEXT.encode())]
        await send({"type": "http.response.start", "status": 400, "headers": told})
        await send({"type": "http.response.body", "body": REFUSAL})

    return answer


def readable_requests(get_response: Answer) -> Answer:
    """A middleware. It stands before those that read cookies or forms."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        # PostgreSQL can't even be asked for a session of such a name.
        if any("\0" in value for value in request.COOKIES.values()):
            raise BadRequest("A cookie holds a NUL.")
        if request.content_type == "multipart/form-data":
            _read_form(request)
        return get_response(request)

    return answer


def _read_form(request: HttpRequest) -> None:
    """Read it now. Raises BadRequest for a part whose header has a parameter twice, and the like.

    What is wrong with the form as a whole, or with its size, Django tells itself.
    """
    try:
        request.POST  # noqa: B018  # reading it is what it is for
    except (LookupError, TypeError) as error:
        raise BadRequest("A part of the form can't be read.") from error
