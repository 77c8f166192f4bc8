"""Messages through Apprise, which knows many services: the extra `countjobs[apprise]`.

Apprise makes its own connections. So private addresses are refused as well as that can be known
before: the host is resolved here, and again by Apprise.
"""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from countjobs.alerts.message import Message
from countjobs.alerts.sending.addresses import is_plainly_private, is_public, resolve
from countjobs.alerts.sending.errors import CannotSend
from countjobs.alerts.sending.patience import in_time
from countjobs.alerts.sending.quiet import quiet
from countjobs.conf import Conf
from countjobs.text import storable, visible

if TYPE_CHECKING:
    from apprise import Apprise, NotifyBase

SECONDS = 20.0
"""How long one try may take."""
MOST_AT_ONCE = 4
"""How many tries may hang. Apprise can't be stopped from outside."""
_SCHEME = re.compile(r"([A-Za-z0-9+.-]{1,20})://")
_OF_THIS_MACHINE = "{schema}://"
"""The template of services without a host: the desktop's notifications, syslog, a lamp."""
_FILES = ("keyfile", "subfile_specified", "pgp_key", "pgp_privkey")
"""What services keep of files that their URLs name, beside attachments."""
_room = threading.BoundedSemaphore(MOST_AT_ONCE)


class AppriseSender:
    """Sends through the service that a URL of Apprise names."""

    label = _("Apprise")

    def check_target(self, target: str) -> None:
        """Check the URL, with Apprise. Names are resolved only when something is sent."""
        with quiet():
            service = _service(_loaded(target))
        if service is None:
            raise ValidationError(
                _("Enter one URL that Apprise knows, such as slack://TOKEN_A/TOKEN_B/TOKEN_C."),
                code="url",
            )
        if not Conf.load().alert_private_addresses and _is_plainly_private(service):
            raise ValidationError(
                _("This is a private address. The setting ALERT_PRIVATE_ADDRESSES allows these."),
                code="private",
            )
        if not Conf.load().alert_private_addresses and _names_a_file(service):
            raise ValidationError(
                _("This names a file. The setting ALERT_PRIVATE_ADDRESSES allows these."),
                code="file",
            )

    def hint(self, target: str) -> str:
        """The service."""
        found = _SCHEME.match(target)
        return f"{found[1]}://…" if found else "…"

    def send(self, target: str, key: str, message: Message) -> None:
        """Send it once, in a thread: only so the wait can be bounded. Raises CannotSend."""

        def work() -> None:
            try:
                with quiet():
                    failure = _send(target, message)
            except Exception as error:  # of any of its plugins: the text may have a secret
                failure = f"The service can't be used ({type(error).__name__})."
            if failure:
                raise CannotSend(failure)

        late = f"The service didn't answer within {SECONDS:g} seconds."
        in_time(work, seconds=SECONDS, room=_room, what="countjobs apprise", late=late)


def _send(target: str, message: Message) -> str:
    """What went wrong; empty if nothing did."""
    loaded = _loaded(target)
    service = _service(loaded)
    if service is None:
        return "Apprise doesn't know this URL."
    if not Conf.load().alert_private_addresses:
        if _is_plainly_private(service) or any(map(_leads_inside, _hosts(service))):
            return (
                "The service has a private address."
                " The setting ALERT_PRIVATE_ADDRESSES allows these."
            )
        if _names_a_file(service):
            return "The URL names a file. The setting ALERT_PRIVATE_ADDRESSES allows these."
        service.redirects = False  # they may lead inside
    taken = loaded.notify(
        body=storable(message.text), title=visible(message.subject), body_format="text"
    )
    return "" if taken else "The service did not take it."


def _loaded(target: str) -> Apprise:
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415  # not everybody has it

    # With neither of these it uses no threads of its own, which the process would wait for when it
    # ends.
    loaded = Apprise(asset=AppriseAsset(async_mode=False, service_timeout=0))
    loaded.add(target)
    return loaded


def _service(loaded: Apprise) -> NotifyBase | None:
    """The one service. Of several, one may fail after another took the message."""
    services = list(loaded)
    return services[0] if len(services) == 1 else None


def _hosts(service: NotifyBase) -> list[str]:
    """The hosts that a service names. Where others have a host, some have a token."""
    values = vars(service)
    keys = ["smtp_host", "xmpp_host"]
    templates: tuple[str, ...] = service.templates
    if any("{host}" in template for template in templates):
        keys.append("host")
    return [host for key in keys if isinstance(host := values.get(key), str) and host]


def _is_plainly_private(service: NotifyBase) -> bool:
    if _OF_THIS_MACHINE in service.templates:
        return True
    return any(is_plainly_private(host.strip("[]").lower()) for host in _hosts(service))


def _names_a_file(service: NotifyBase) -> bool:
    """Whether a URL names a file, such as `?template=`: one of this machine's, whose content would
    be sent, or one at any address.
    """
    from apprise import AppriseAttachment  # noqa: PLC0415  # not everybody has it

    values = vars(service)
    files = [each for each in values.values() if isinstance(each, AppriseAttachment)]
    return any(map(len, files)) or any(values.get(name) for name in _FILES)


def _leads_inside(host: str) -> bool:
    """Whether any address of a host is private. Where it has none, Apprise will find none."""
    with suppress(CannotSend):
        found = resolve(host.strip("[]"), None, SECONDS / 2)
        return not all(is_public(each.sockaddr[0]) for each in found)
    return False
