"""The events that alerts tell of."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Event(models.TextChoices):
    """What has happened to a job."""

    FAILED = "failed", pgettext_lazy("a job", "failed")
    RECOVERED = "recovered", _("recovered")
    SILENT = "silent", _("silent")
    PAUSED = "paused", _("paused itself")
    BROKE = "broke", pgettext_lazy("a job", "broke")
    TEST = "test", pgettext_lazy("an alert", "test")
    """Nothing: somebody tries a channel."""


EVENTS = tuple(event for event in Event if event != Event.TEST)
"""Those that a channel may be limited to."""
LASTING = (Event.FAILED, Event.SILENT, Event.BROKE)
"""States that last. What ends one is told as `RECOVERED`."""
