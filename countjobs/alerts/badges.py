"""How pages show alerts: badges of their events and states."""

from __future__ import annotations

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from countjobs.admin.display import badge
from countjobs.alerts.events import Event
from countjobs.alerts.models import Alert, State
from countjobs.text import visible

_STATES = {
    State.WAITING: ("queued", "…"),
    State.SENT: ("succeeded", "✓"),
    State.NOT_SENT: ("failed", "✗"),
}
_EVENTS = {
    Event.FAILED: ("failed", "✗"),
    Event.RECOVERED: ("succeeded", "✓"),
    Event.SILENT: ("silent", "◌"),
    Event.PAUSED: ("paused", "‖"),
    Event.BROKE: ("lost", "!"),
    Event.TEST: ("queued", "?"),
}


def state_of(alert: Alert) -> SafeString:
    """What has become of an alert."""
    look, icon = _STATES[State(alert.state)]
    return badge(look, icon, alert.get_state_display(), visible(alert.error))


def event_of(alert: Alert) -> SafeString:
    """What it tells."""
    look, icon = _EVENTS[Event(alert.event)]
    said = alert.get_event_display()
    if alert.is_reminder:
        said = gettext("%(event)s (reminder)") % {"event": said}
    return badge(look, icon, said)
