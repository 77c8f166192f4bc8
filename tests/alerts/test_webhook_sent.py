"""Messages to webhooks: what arrives, how it is signed, what is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError

from countjobs import __version__
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.senders import senders
from countjobs.alerts.sending.webhook import WebhookSender, check_key, encoded, signature
from tests.support.factories import NOON
from tests.support.listening import Request, web_server
from tests.support.markdown import blocks
from tests.support.sent_messages import MESSAGE, message

ENCODED_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENDER = WebhookSender()
private_allowed = pytest.mark.usefixtures("private_allowed")


def post(key: str = "", **values: Any) -> Request:
    with web_server() as server:
        SENDER.send(f"{server.url}/hook", key, message(**values))
    (request,) = server.requests
    return request


def test_it_is_one_of_the_kinds() -> None:
    assert isinstance(senders()["webhook"], WebhookSender)


@private_allowed
def test_a_message_arrives_as_json() -> None:
    request = post()
    assert (request.method, request.path) == ("POST", "/hook")
    assert json.loads(request.body) == MESSAGE.payload
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"countjobs/{__version__}"
    assert request.headers["idempotency-key"] == MESSAGE.id
    assert not [name for name in request.headers if name.startswith("webhook-")]


def test_the_same_payload_makes_the_same_bytes() -> None:
    assert (
        encoded({"b": 1, "a": "取込"})
        == encoded({"a": "取込", "b": 1})
        == ('{"a":"取込","b":1}'.encode())
    )


def test_half_a_character_is_escaped() -> None:
    assert json.loads(encoded({"name": "a\ud800"})) == {"name": "a\ud800"}


def test_the_signature_is_the_one_of_the_specification() -> None:
    """The example of the specification's own libraries."""
    found = signature(
        ENCODED_KEY, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@private_allowed
@pytest.mark.parametrize(
    ("key", "secret"),
    [
        (ENCODED_KEY, base64.b64decode(ENCODED_KEY.removeprefix("whsec_"))),
        ("a text: 鍵", "a text: 鍵".encode()),
    ],
)
def test_a_message_is_signed(key: str, secret: bytes) -> None:
    with time_machine.travel(NOON, tick=False):
        request = post(key)
    assert request.headers["webhook-id"] == MESSAGE.id
    assert request.headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    signed = f"{MESSAGE.id}.{int(NOON.timestamp())}.".encode() + request.body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("key", ["whsec_", "whsec_ä", "whsec_a", "whsec_a b=", "\ud800"])
def test_a_key_that_can_sign_nothing_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check_key(key)
    assert key not in str(caught.value) or key == "whsec_"
    with pytest.raises(CannotSend, match="isn't base64"):
        SENDER.send("https://example.com/", key, MESSAGE)


@pytest.mark.parametrize("key", ["", "secret", ENCODED_KEY])
def test_a_key_is_accepted(key: str) -> None:
    check_key(key)


@private_allowed
@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
def test_another_answer_than_success_is_told(status: int) -> None:
    said = rf"^The server answered {status}\.$"
    with web_server(status, body=b"s3cret") as server, pytest.raises(CannotSend, match=said):
        SENDER.send(server.url, "", MESSAGE)


@private_allowed
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_one(status: int) -> None:
    with web_server(status) as server:
        SENDER.send(server.url, "", MESSAGE)
    assert len(server.requests) == 1


def test_a_private_address_is_refused_unless_the_setting_allows_it() -> None:
    with web_server() as server, pytest.raises(CannotSend, match="ALERT_PRIVATE_ADDRESSES"):
        SENDER.send(server.url, "", MESSAGE)
    assert server.requests == []


@pytest.mark.parametrize(
    "target", ["http://localhost/", "https://127.0.0.1:8443/a", "http://[::1]/", "http://10.0.0.1/"]
)
def test_the_form_refuses_what_is_plainly_private(target: str, request: Any) -> None:
    with pytest.raises(ValidationError, match="private address"):
        SENDER.check_target(target)
    request.getfixturevalue("private_allowed")
    SENDER.check_target(target)


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("https://hooks.example.com/T/s3cret?key=s3cret", "https://hooks.example.com/…"),
        ("https://me:s3cret@Hooks.example.com:8443/", "https://hooks.example.com:8443/…"),
        ("http://[2606:4700::1111]:80/s3cret", "http://[2606:4700::1111]/…"),
        ("s3cret", "…"),
    ],
)
def test_the_hint_has_no_secret(target: str, hint: str) -> None:
    assert SENDER.hint(target) == hint


@private_allowed
def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with web_server(500) as server, pytest.raises(CannotSend) as caught:
        SENDER.send(f"{server.url}/s3cret", "s3cret", MESSAGE)
    assert "s3cret" not in f"{caught.value!r}{caplog.text}"


# The page's example


Verify = Callable[[dict[str, str], bytes, str], bool]


@pytest.fixture
def verify() -> Verify:
    (block,) = (each for each in blocks("docs/alerts.md", "python") if each.heading == "Webhooks")
    names: dict[str, Any] = {}
    exec(block.text, names)
    found: Verify = names["is_genuine"]
    return found


@private_allowed
@pytest.mark.parametrize("key", [ENCODED_KEY, "any text"])
def test_the_example_of_the_page_accepts_what_is_sent(verify: Verify, key: str) -> None:
    request = post(key)
    assert verify(request.headers, request.body, key)


@private_allowed
def test_the_example_of_the_page_refuses_all_else(verify: Verify) -> None:
    with time_machine.travel(NOON, tick=False):
        old = post("key")
    request = post("key")
    assert not verify(old.headers, old.body, "key"), "it is old"
    assert not verify(request.headers, request.body + b" ", "key")
    assert not verify(request.headers, request.body, "another key")
    assert not verify({**request.headers, "webhook-id": "other"}, request.body, "key")
