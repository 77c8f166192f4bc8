"""Who may do what with channels and alerts: every page and write, and the rows to try them on."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from countjobs.alerts.models import Alert, AlertChannel
from tests.support.alerting import SECRET_KEY, make_alert, make_channel

PERMISSIONS: dict[str, tuple[str, ...]] = {
    "nobody": (),
    "reader": ("view_alert",),
    "viewer": ("view_alert", "view_alertchannel"),
    "adder": ("add_alertchannel", "view_alertchannel"),
    "changer": ("view_alert", "change_alertchannel"),
    "deleter": ("view_alertchannel", "delete_alertchannel"),
}
ROLES = ("anonymous", *PERMISSIONS, "superuser")
READERS = {"reader", "viewer", "changer", "superuser"}
VIEWERS = {"viewer", "adder", "changer", "deleter", "superuser"}
ADDERS = {"adder", "superuser"}
CHANGERS = {"changer", "superuser"}
DELETERS = {"deleter", "superuser"}
NOBODY: set[str] = set()

PAGES: dict[str, set[str]] = {
    "alertchannel_changelist": VIEWERS,
    "alertchannel_add": ADDERS,
    "alertchannel_change": VIEWERS,
    "alertchannel_history": VIEWERS,
    "alertchannel_delete": DELETERS,
    "alert_changelist": READERS,
    "alert_change": READERS,
    "alert_history": READERS,
    "alert_add": NOBODY,
    "alert_delete": NOBODY,
}
"""Who is shown a page."""
WRITES: dict[str, set[str]] = {
    "alertchannel_add": ADDERS,
    "alertchannel_change": CHANGERS,
    "alertchannel_delete": DELETERS,
    "alertchannel_test": CHANGERS,
    "delete_selected": DELETERS,
    "send_again": CHANGERS & READERS,
    "alert_add": NOBODY,
    "alert_change": NOBODY,
    "alert_delete": NOBODY,
    "alertchannel_history": NOBODY,
    "alert_history": NOBODY,
}
"""Whose POST has an effect."""
ACTIONS = {"delete_selected": "alertchannel_changelist", "send_again": "alert_changelist"}
"""Writes that are actions, and of which list."""


def alert_client(role: str, *, enforce_csrf_checks: bool = False) -> Client:
    """A browser in which a person of a role is logged in; nobody is as `anonymous`."""
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    if role == "superuser":
        client.force_login(User.objects.create_superuser(role))
    elif role != "anonymous":
        user = User.objects.create_user(role, is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(
                codename__in=PERMISSIONS[role], content_type__app_label="countjobs_alerts"
            )
        )
        client.force_login(user)
    return client


class AlertRows:
    """A channel with secrets, and alerts of it."""

    def __init__(self) -> None:
        self.channel = make_channel("old", key=SECRET_KEY, last_error="It was no good.")
        self.alert = make_alert(self.channel, state="not_sent", error="It was no good.")

    def address(self, page: str) -> str:
        row = self.alert if page.startswith("alert_") else self.channel
        has_row = not page.endswith(("_changelist", "_add"))
        return reverse(f"admin:countjobs_alerts_{page}", args=[row.pk] if has_row else [])

    def state(self) -> list[Any]:
        return [list(model._base_manager.values()) for model in (AlertChannel, Alert)]

    def answer(self, client: Client, what: str) -> Any:
        """The response to a POST that would have the effect."""
        data: dict[str, Any] = {"name": "new", "kind": "webhook", "target": "https://example.com/"}
        if what in ACTIONS:
            row = self.alert if what == "send_again" else self.channel
            data = {"action": what, "_selected_action": [row.pk], "post": "yes"}
        if what.endswith("_delete"):
            data = {"post": "yes"}
        return client.post(self.address(ACTIONS.get(what, what)), data)
