"""The outbox: alerts are written for each channel that wants to be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from countjobs.alerts.events import Event
from countjobs.alerts.models import Alert, AlertChannel
from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.models.kinds import keys_by_kind
from countjobs.signals import Change
from countjobs.text import storable

_BATCH = 500
_MOST_REASON = 500


@dataclass(frozen=True)
class About:
    """What a definition says of its job, now."""

    name: str
    group: str
    enabled: bool


def about(job_ids: Iterable[str]) -> dict[str, About]:
    """What the definitions of these jobs say. Jobs from code have none. Raises django.db.Error."""
    return {
        model.job_id_of(pk): About(name, group, enabled)
        for model, pks in keys_by_kind(job_ids).items()
        for batch in batches(pks, _BATCH)
        for pk, name, group, enabled in rows_of(model)
        .filter(pk__in=batch)
        .values_list("pk", "name", "group", "enabled")
    }


def write(
    event: Event,
    changes: Sequence[Change],
    *,
    recovered_from: str = "",
    is_reminder: bool = False,
) -> None:
    """Write an alert of each change, for each channel that wants it. Raises django.db.Error.

    Nothing is told of a paused job, but that it has paused itself.
    """
    channels = list(AlertChannel.objects.filter(enabled=True).defer("target", "key"))
    if not channels:
        return
    known = about(change.job_id for change in changes)
    now = timezone.now()
    kept: dict[str, Any] = {"recovered_from": recovered_from, "is_reminder": is_reminder}
    alerts = [
        _alert(channel, change, said, now, event=event, **kept)
        for change in changes
        for said in [known.get(change.job_id) or About(change.job_name, "", enabled=True)]
        if said.enabled or event == Event.PAUSED
        for channel in channels
        if channel.wants(event, said.group)
    ]
    Alert.objects.bulk_create(alerts, batch_size=_BATCH)


def _alert(
    channel: AlertChannel, change: Change, said: About, now: datetime, **values: Any
) -> Alert:
    first_line = change.reason.strip().partition("\n")[0]
    return Alert(
        channel=channel,
        channel_name=channel.name,
        **values,
        job_id=change.job_id,
        job_name=storable(said.name or change.job_name or change.job_id)[:255],
        group=said.group,
        execution_id=change.execution_id,
        since=change.since,
        reason=storable(first_line)[:_MOST_REASON],
        created_at=now,
    )


def write_test(channel: AlertChannel) -> Alert:
    """Have a channel tried, soon."""
    AlertChannel.objects.filter(pk=channel.pk).update(not_before=None)
    return Alert.objects.create(
        channel=channel, channel_name=channel.name, event=Event.TEST, created_at=timezone.now()
    )
