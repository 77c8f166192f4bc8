"""Messages to a webhook: JSON, signed as the Standard Webhooks specification has it.

Its rules: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from countjobs import __version__
from countjobs.alerts.message import Message
from countjobs.alerts.sending.addresses import is_plainly_private
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.web import fetch
from countjobs.alerts.sending.web_address import WebAddress
from countjobs.conf import Conf

SECONDS = 10.0
"""How long one try may take."""
USER_AGENT = f"countjobs/{__version__}"
_ENCODED = "whsec_"
"""How a key begins that is written in base64."""
_SUCCESS = range(200, 300)


class WebhookSender:
    """Posts messages to a URL."""

    def check_target(self, target: str) -> None:
        """Check the URL. Names are resolved only when something is sent."""
        address = WebAddress.parse(target)
        if is_plainly_private(address.host) and not Conf.load().alert_private_addresses:
            raise ValidationError(
                _("This is a private address. The setting ALERT_PRIVATE_ADDRESSES allows these."),
                code="private",
            )

    def hint(self, target: str) -> str:
        """The server, without the path: it is often the secret."""
        try:
            return f"{WebAddress.parse(target).origin}/…"
        except ValidationError:
            return "…"

    def send(self, target: str, key: str, message: Message) -> None:
        """Post it once. Raises CannotSend."""
        body = encoded(message.payload)
        status = fetch(
            "POST",
            target,
            body=body,
            headers={
                "Content-Type": "application/json",
                "User-Agent": USER_AGENT,
                "Idempotency-Key": message.id,
                **(_signature_headers(key, message.id, body) if key else {}),
            },
            seconds=SECONDS,
            allow_private=Conf.load().alert_private_addresses,
        )
        if status not in _SUCCESS:
            raise CannotSend(f"The server answered {status}.")


def encoded(payload: dict[str, Any]) -> bytes:
    """The payload as JSON: the same bytes for each try. Halves of characters are escaped."""
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode(errors="backslashreplace")


def check_key(key: str) -> None:
    """Check a key for signatures. Raises ValidationError, which doesn't quote it."""
    try:
        _secret(key)
    except ValueError:
        raise ValidationError(
            _("After “whsec_”, the key must be base64. Any other text is taken as it is."),
            code="key",
        ) from None


def signature(key: str, id_: str, timestamp: str, body: bytes) -> str:
    """What `webhook-signature` says. Raises ValueError if the key isn't what it begins as."""
    signed = f"{id_}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(_secret(key), signed, 'sha256')).decode()}"


def _signature_headers(key: str, id_: str, body: bytes) -> dict[str, str]:
    timestamp = str(int(time.time()))
    try:
        signed = signature(key, id_, timestamp, body)
    except ValueError:
        raise CannotSend("The key isn't base64 after “whsec_”.") from None
    return {"webhook-id": id_, "webhook-timestamp": timestamp, "webhook-signature": signed}


def _secret(key: str) -> bytes:
    """The key's bytes. Raises ValueError."""
    if not key.startswith(_ENCODED):
        return key.encode()
    secret = base64.b64decode(key.removeprefix(_ENCODED), validate=True)  # its error is one
    if not secret:
        raise ValueError
    return secret
