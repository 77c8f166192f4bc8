"""Retention: `purgeexecutions` deletes old alerts, too."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from countjobs.alerts.models import Alert, State
from countjobs.history.batched import Batches


def purge_alerts(now: datetime, days: int, batch: int) -> int:
    """Delete alerts that were written more than `days` ago, but for those that still wait."""
    old = Alert.objects.filter(created_at__lt=now - timedelta(days=days))
    return Batches(batch).delete(old, ~Q(state=State.WAITING), ("created_at", "pk"))
