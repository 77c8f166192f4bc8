"""Requests to the project as a web server hands them on: through its WSGI entry point."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http.response import HttpResponseBase

from tests.support.people import client_of

FORM = "application/x-www-form-urlencoded"
_TOKEN = "a" * 32
"""A token against forgery, as both a cookie and a header have it."""


class Asker:
    """Somebody of a role, who asks for anything."""

    def __init__(self, role: str) -> None:
        found = client_of(role).cookies.get(settings.SESSION_COOKIE_NAME)
        self.session = found.value if found else ""

    def ask(
        self, method: str, address: str, data: Any = (), body: bytes | None = None, **headers: str
    ) -> int:
        """The status of the answer, all of which is read. Headers are named as WSGI names them."""
        from project.wsgi import application  # noqa: PLC0415  # it sets Django up

        path, _, query = address.partition("?")
        sent = urlencode(data, doseq=True).encode() if body is None else body
        cookies = {"csrftoken": _TOKEN, settings.SESSION_COOKIE_NAME: self.session}
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": urlsplit(path).path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "CONTENT_TYPE": FORM,
            "CONTENT_LENGTH": str(len(sent)),
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "HTTP_X_CSRFTOKEN": _TOKEN,
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(sent),
            **headers,
        }
        said: list[str] = []
        answer = application(environ, lambda status, _headers: said.append(status))
        for _part in answer:
            pass
        if isinstance(answer, HttpResponseBase):
            answer.close()
        return int(said[0].split()[0])
