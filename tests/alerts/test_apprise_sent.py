"""Messages through Apprise: what arrives, what is refused, and that it keeps secrets."""

from __future__ import annotations

import json
import logging
import socket
import threading
import warnings
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from countjobs.alerts.sending import apprise_url
from countjobs.alerts.sending.apprise_url import AppriseSender
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.quiet import quiet
from countjobs.alerts.sending.senders import senders
from tests.support.listening import WebServer, raw_server, silence, web_server
from tests.support.sent_messages import MESSAGE, message
from tests.support.waiting import wait_until

apprise = pytest.importorskip("apprise", reason="could not import 'apprise'")

SENDER = AppriseSender()
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
private_allowed = pytest.mark.usefixtures("private_allowed")


@pytest.fixture(scope="module", autouse=True)
def _plugins_are_loaded() -> None:
    """Some of what they import is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        apprise.Apprise().add("json://example.com/")


def url_of(server: WebServer, path: str = "") -> str:
    return f"json://127.0.0.1:{server.port}/{path}"


def why_not(target: str) -> str:
    with pytest.raises(CannotSend) as caught:
        SENDER.send(target, "", MESSAGE)
    return str(caught.value)


def test_it_is_one_of_the_kinds_if_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(senders()["apprise"], AppriseSender)
    monkeypatch.setattr("countjobs.alerts.sending.senders.find_spec", lambda name: None)
    assert [*senders.__wrapped__()] == ["mail", "webhook"]


@private_allowed
def test_a_message_arrives() -> None:
    with web_server() as server:
        SENDER.send(url_of(server, "hook"), "", message(subject="Job\nfailed"))
    (request,) = server.requests
    found = json.loads(request.body)
    assert request.path == "/hook"
    assert found["title"] == "Job\\nfailed"
    assert found["message"].strip() == MESSAGE.text.strip()


@private_allowed
def test_a_service_that_takes_nothing_is_told_and_its_url_is_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(1)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    with web_server(500) as server:
        said = why_not(url_of(server, "s3cret?key=s3cret"))
    assert server.requests
    assert said == "The service did not take it."
    assert caplog.records == []


def test_others_may_use_apprise_and_log_as_before(caplog: pytest.LogCaptureFixture) -> None:
    with quiet():
        elsewhere = threading.Thread(target=logging.getLogger("apprise").warning, args=("there",))
        elsewhere.start()
        elsewhere.join()
        logging.getLogger("apprise").warning("here")
    logging.getLogger("apprise").warning("after")
    assert caplog.messages == ["there", "after"]


def test_an_error_of_a_plugin_is_told_by_its_name_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> str:
        raise RuntimeError("s3cret")

    monkeypatch.setattr(apprise_url, "_send", fail)
    assert why_not(SLACK) == "The service can't be used (RuntimeError)."


@private_allowed
def test_a_service_that_hangs_does_not_hold_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise_url, "SECONDS", 0.2)
    room = threading.BoundedSemaphore(1)
    monkeypatch.setattr(apprise_url, "_room", room)
    with raw_server(silence) as port:
        target = f"json://127.0.0.1:{port}/"
        assert why_not(target) == "The service didn't answer within 0.2 seconds."
        assert why_not(target) == "Earlier messages still hang."
    wait_until(lambda: room.acquire(blocking=False))


# The target


@pytest.mark.parametrize("target", [SLACK, "tgram://123456789:abcdefg_hijklmnop/12315544/"])
def test_a_url_of_a_service_is_accepted_without_asking_a_name_server(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    SENDER.check_target(target)


@pytest.mark.parametrize(
    "target",
    [
        *("", "slack://", "s3cret", "nonsense://s3cret", "http://example.com/"),
        f"{SLACK}, {SLACK[:-1]}a",
    ],
)
def test_what_apprise_does_not_know_is_refused(
    target: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    with pytest.raises(ValidationError, match="one URL that Apprise knows"):
        SENDER.check_target(target)
    assert why_not(target) == "Apprise doesn't know this URL."
    assert caplog.records == []


@pytest.mark.parametrize(
    "target",
    [
        *("json://localhost/", "jsons://127.0.0.1:8443/", "xml://10.0.0.1", "form://[::1]/"),
        *("syslog://", "mailto://me:pass@example.com?smtp=127.0.0.1"),
    ],
)
def test_what_is_plainly_private_is_refused(target: str, request: Any) -> None:
    with pytest.raises(ValidationError, match="private address"):
        SENDER.check_target(target)
    assert "ALERT_PRIVATE_ADDRESSES" in why_not(target)
    request.getfixturevalue("private_allowed")
    SENDER.check_target(target)


@pytest.mark.parametrize(
    "target",
    [
        f"{SLACK}?template=/proc/self/environ",
        "tgram://123456789:abcdefg_hijklmnop/12315544/?template=/etc/keys.json",
        "workflow://example.com/w/s?template=http://169.254.169.254/latest",
        "mailto://me:pass@example.com?pgp=encrypt&pgppub=/etc/key.asc",
    ],
)
def test_a_url_that_names_a_file_is_refused(target: str, request: Any) -> None:
    """Its content would be sent to whom the URL names."""
    with pytest.raises(ValidationError, match="names a file"):
        SENDER.check_target(target)
    assert "names a file" in why_not(target)
    request.getfixturevalue("private_allowed")
    SENDER.check_target(target)


def test_a_name_of_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def inside(*args: Any, **options: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", ("10.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", inside)
    SENDER.check_target("json://inside.example.com/")
    assert "private address" in why_not("json://inside.example.com/")


def test_a_token_is_not_sent_to_a_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def note(host: str, *args: Any, **options: Any) -> list[Any]:
        asked.append(host)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", note)
    assert why_not(SLACK) == "The service did not take it."
    assert set(asked) == {"hooks.slack.com"}


def test_redirects_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """They could lead inside."""
    monkeypatch.setattr(apprise_url, "_is_plainly_private", lambda service: False)
    monkeypatch.setattr(apprise_url, "_leads_inside", lambda host: False)
    with web_server() as inside, web_server(307, headers={"Location": inside.url}) as server:
        assert why_not(url_of(server, "?redirect=yes")) == "The service did not take it."
    assert len(server.requests) == 1
    assert inside.requests == []


@pytest.mark.parametrize(("target", "hint"), [(SLACK, "slack://…"), ("s3cret", "…"), ("", "…")])
def test_the_hint_is_the_service(target: str, hint: str) -> None:
    assert SENDER.hint(target) == hint
