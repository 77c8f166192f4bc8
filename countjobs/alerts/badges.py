"""How pages show alerts: badges of their events and states."""

from __future__ import annotations

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from countjobs.admin.display import badge
from countjobs.alerts.events import Event
from countjobs.alerts.models import Alert, State
from countjobs.text import visible

_STATES: dict[str, tuple[str, str]] = {
    State.WAITING: ("queued", "…"),
    State.SENT: ("succeeded", "✓"),
    State.NOT_SENT: ("failed", "✗"),
}
_EVENTS: dict[str, tuple[str, str]] = {
    Event.FAILED: ("failed", "✗"),
    Event.RECOVERED: ("succeeded", "✓"),
    Event.SILENT: ("silent", "◌"),
    Event.PAUSED: ("paused", "‖"),
    Event.BROKE: ("lost", "!"),
    Event.TEST: ("queued", "?"),
}
_UNKNOWN = ("queued", "?")
"""A newer release's, or raw SQL's."""


def state_of(alert: Alert) -> SafeString:
    """What has become of an alert."""
    look, icon = _STATES.get(alert.state, _UNKNOWN)
    return badge(look, icon, visible(alert.get_state_display()), visible(alert.error))


def event_of(alert: Alert) -> SafeString:
    """What it tells."""
    look, icon = _EVENTS.get(alert.event, _UNKNOWN)
    said = visible(alert.get_event_display())
    if alert.is_reminder:
        said = gettext("%(event)s (reminder)") % {"event": said}
    return badge(look, icon, said)
