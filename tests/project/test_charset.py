"""Requests that name a charset: the project takes UTF-8, and refuses all else that Python knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from typing import Any

import django
import pytest

from project.bad_requests import REFUSAL, is_utf8

# A request closes connections that are too old, and so looks at them.
pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"

OTHERS = [
    *("unicode_escape", "rot13", "hex", "idna", "utf-7", "punycode", "undefined", "utf-16"),
    *("latin-1", "a\0b"),
]

Ask = Callable[[str], tuple[int, bytes]]
"""Asks for a page with a Content-Type, and returns the status and the body."""


def ask_wsgi(content_type: str) -> tuple[int, bytes]:
    from project.wsgi import application  # noqa: PLC0415  # it sets Django up

    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "QUERY_STRING": "q=%5Cx",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": content_type,
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    body = b"".join(application(environ, lambda status, _headers: said.append(status)))
    return int(said[0].split()[0]), body


def ask_asgi(content_type: str) -> tuple[int, bytes]:
    from project.asgi import application  # noqa: PLC0415  # it sets Django up

    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"q=%5Cx",
        "headers": [(b"host", b"localhost"), (b"content-type", content_type.encode("latin-1"))],
    }
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.sleep(60)  # nobody leaves before the answer
        asked = True
        return {"type": "http.request", "body": b""}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    asyncio.run(application(scope, receive, send))  # type: ignore[arg-type]  # a coroutine
    return sent[0]["status"], b"".join(event["body"] for event in sent[1:])


@pytest.fixture(params=[ask_wsgi, ask_asgi])
def ask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setattr(django, "setup", lambda **_: None)  # that was done
    asked: Ask = request.param
    return asked


@pytest.mark.parametrize("kind", [FORM, PARTS])
@pytest.mark.parametrize("charset", OTHERS)
def test_a_charset_that_is_not_utf_8_is_refused(charset: str, kind: str, ask: Ask) -> None:
    assert ask(f"{kind}; charset={charset}") == (400, REFUSAL)


def test_a_parameter_that_can_not_be_decoded_is_refused(ask: Ask) -> None:
    assert ask("text/plain; title*=idna''%ff%41") == (400, REFUSAL)


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=UTF8", "; charset=unheard"])
def test_utf_8_is_taken_named_or_not(charset: str, ask: Ask) -> None:
    assert ask(f"{FORM}{charset}")[0] == 302


@pytest.mark.parametrize("content_type", ["", ";", "text/plain", 'a; charset="utf-8"', "a;b=\xff"])
def test_what_names_no_charset_is_left_to_django(content_type: str) -> None:
    assert is_utf8(content_type)
