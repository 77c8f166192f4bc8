"""A policy that allows a page nothing but files of its own site."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

POLICY = (
    "default-src 'none'; connect-src 'self'; form-action 'self'; img-src 'self'; "
    "script-src 'self'; style-src 'self'"
)


def strictly(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """A middleware. The icon that browsers ask for by themselves there is not."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        is_icon = request.path == "/favicon.ico"
        response = HttpResponse(status=204) if is_icon else get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return answer
