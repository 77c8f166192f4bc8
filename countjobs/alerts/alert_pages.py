"""The pages of alerts: what was sent, what waits, and what could not be sent, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from countjobs.admin.cells import job_link
from countjobs.admin.display import NOTHING, link, moment
from countjobs.admin.links import Links, has_permission
from countjobs.admin.lookup import visible_definitions_of
from countjobs.admin.page import ReadOnlyAdmin, column
from countjobs.alerts.badges import event_of, state_of
from countjobs.alerts.composing import happened
from countjobs.alerts.models import Alert, AlertChannel, State
from countjobs.models import Execution
from countjobs.text import visible


@dataclass(frozen=True)
class _Facts:
    alert: Alert
    job: SafeString | str
    run: SafeString | str
    channel: SafeString | str


def _moment(at: datetime | None) -> str:
    return moment(at, timezone.get_current_timezone())


@admin.action(description=_("Send again"), permissions=["send"])
def send_again(model_admin: AlertAdmin, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
    """Have those sent after all that were given up, where their channels are still there."""
    given_up = Alert.objects.filter(
        pk__in=list(queryset.values_list("pk", flat=True)),
        state=State.NOT_SENT,
        channel__isnull=False,
    )
    count = given_up.update(
        state=State.WAITING, message=None, tries=0, error="", sent_again_at=timezone.now()
    )
    text = ngettext("%d alert waits to be sent again.", "%d alerts wait to be sent again.", count)
    model_admin.message_user(request, text % count)


_SEND_AGAIN = send_again.__name__


class AlertAdmin(ReadOnlyAdmin):
    """The list and the pages of alerts."""

    list_display = ("when", "event_badge", "job", "channel_link", "state_badge", "tries", "why")
    list_display_links = ("when",)
    list_filter = ("state", "event", ("channel", admin.RelatedOnlyFieldListFilter))
    search_fields = ("job_name",)
    ordering = ("-pk",)
    actions = (send_again,)
    fields = (
        "said",
        "event_badge",
        "job",
        "run",
        "reason_text",
        "since_moment",
        "when",
        "channel_link",
        "state_badge",
        "tries",
        "sent",
        "why",
    )
    readonly_fields = fields

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Only ours: an action of the site might change alerts. Since 6.1 Django gives a place."""
        given = {} if action_location is None else {"action_location": action_location}
        actions: dict[str, Any] = super().get_actions(request, **given)
        return {name: each for name, each in actions.items() if name == _SEND_AGAIN}

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Who may change channels may have alerts sent again."""
        return has_permission(request, "change", AlertChannel)

    def read_facts(self, alerts: Sequence[Alert], links: Links) -> list[_Facts]:
        """Links to the job, the run and the channel, where the user may see them."""
        found = visible_definitions_of((alert.job_id for alert in alerts), links)
        return [
            _Facts(
                alert=alert,
                job=job_link(alert.job_id, found.get(alert.job_id), links, alert.job_name)
                if alert.job_id
                else NOTHING,
                run=link(links.to_object(Execution, alert.execution_id), alert.execution_id)
                if alert.execution_id
                else NOTHING,
                channel=link(
                    links.to_object(AlertChannel, alert.channel_id) if alert.channel_id else "",
                    visible(alert.channel_name),
                ),
            )
            for alert in alerts
        ]

    said = column(_("message"), lambda facts: happened(facts.alert))
    job = column(_("job"), lambda facts: facts.job)
    run = column(_("run"), lambda facts: facts.run)
    channel_link = column(_("channel"), lambda facts: facts.channel)
    event_badge = column(_("event"), lambda facts: event_of(facts.alert))
    state_badge = column(_("state"), lambda facts: state_of(facts.alert))
    reason_text = column(_("reason"), lambda facts: visible(facts.alert.reason) or NOTHING)
    since_moment = column(_("since"), lambda facts: _moment(facts.alert.since))
    sent = column(_("sent"), lambda facts: _moment(facts.alert.sent_at))
    when = column(_("happened"), lambda facts: _moment(facts.alert.created_at))
    why = column(_("last error"), lambda facts: visible(facts.alert.error) or NOTHING)
