"""The pages of channels: their form, a test, and what was sent to them lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from countjobs.admin.display import NOTHING, badge, link, moment
from countjobs.admin.links import Links
from countjobs.admin.one_row import row_of
from countjobs.admin.page import PageAdmin, column
from countjobs.admin.urls import OF_ROW, WRITE, Page, address_of
from countjobs.alerts.badges import event_of, state_of
from countjobs.alerts.channel_form import ChannelForm
from countjobs.alerts.composing import happened
from countjobs.alerts.events import Event
from countjobs.alerts.models import Alert, AlertChannel
from countjobs.alerts.outbox import write_test
from countjobs.models import SchedulerNode
from countjobs.text import visible

_MOST_RECENT = 10
_TEST = "test"


@dataclass(frozen=True)
class _Facts:
    channel: AlertChannel
    sent_at: datetime | None


def _works(facts: _Facts) -> str:
    """Whether its messages arrive."""
    if facts.channel.last_error:
        return badge("failed", "✗", visible(facts.channel.last_error))
    if facts.sent_at is None:
        return NOTHING
    return badge("succeeded", "✓", moment(facts.sent_at, timezone.get_current_timezone()))


def _send_test(model_admin: ChannelAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Have a test sent. A scheduler does that: the web server sends nothing."""
    channel = row_of(model_admin, request, object_id, model_admin.has_change_permission)
    if not channel.enabled:
        text = gettext("The channel is disabled. Enable it first.")
        model_admin.message_user(request, text, "WARNING")
    else:
        write_test(channel)
        text = gettext("A test is on its way. Reload this page in some seconds to see how it went.")
        level = "INFO"
        if not SchedulerNode.objects.alive(timezone.now()).exists():
            text = gettext("The test waits: no scheduler is alive that could send it.")
            level = "WARNING"
        model_admin.message_user(request, text, level)
    url = address_of(model_admin.admin_site, model_admin.opts, "change", channel.pk)
    return HttpResponseRedirect(url)


class ChannelAdmin(PageAdmin):
    """The list and the pages of channels."""

    form = ChannelForm
    change_form_template = "admin/countjobs/alerts/change_form.html"
    list_display = ("name", "kind", "is_enabled", "told", "works")
    list_filter = ("enabled", "kind")
    search_fields = ("name",)
    show_full_result_count = False
    more_pages = (Page(_TEST, f"{OF_ROW}{_TEST}/", _send_test, WRITE),)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Who may not change a channel sees nothing of where it leads."""
        if obj is not None and not self.has_change_permission(request, obj):
            return ("name", "enabled", "kind", "told", "works")
        fields = ["name", "enabled", "kind", "target", "key", "events", "groups"]
        if obj is not None and obj.key:
            fields.insert(fields.index("key") + 1, "no_key")
        return (*fields, "works") if obj is not None else tuple(fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """How it works."""
        if obj is not None and not self.has_change_permission(request, obj):
            return ("name", "enabled", "kind", "told", "works")
        return ("works",) if obj is not None else ()

    @admin.display(description=_("enabled"), boolean=True)
    def is_enabled(self, channel: AlertChannel) -> bool:
        """Whether it is enabled."""
        return channel.enabled

    @admin.display(description=_("told about"))
    def told(self, channel: AlertChannel) -> str:
        """Which events of which jobs."""
        labels = [str(Event(each).label) for each in channel.told_events if each in Event]
        events = ", ".join(labels) or gettext("all events")
        groups = ", ".join(map(visible, channel.told_groups))
        if not groups:
            return events
        return gettext("%(events)s; only %(groups)s") % {"events": events, "groups": groups}

    def read_facts(self, channels: Sequence[AlertChannel], links: Links) -> list[_Facts]:
        """When the last message to each was sent."""
        sent = Alert.objects.filter(channel=OuterRef("pk"), sent_at__isnull=False).order_by("-pk")
        there = AlertChannel.objects.filter(pk__in=[channel.pk for channel in channels])
        last = dict(there.values_list("pk", Subquery(sent.values("sent_at")[:1])))
        return [_Facts(channel, last.get(channel.pk)) for channel in channels]

    works = column(_("delivery"), _works)

    @method_decorator((sensitive_variables(), sensitive_post_parameters("target", "key")))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """As Django's. If it fails, the report to the site's admins holds no secrets."""
        return super().changeform_view(request, *args, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """As Django's, with what was sent lately."""
        channel = kwargs.get("obj")
        if channel is not None:
            links = Links(request, self.admin_site)
            may_test = self.has_change_permission(request, channel)
            url = address_of(self.admin_site, self.opts, _TEST, channel.pk) if may_test else ""
            context |= {
                "test_url": url,
                "recent": _recent(channel, links) if links.may_view(Alert) else None,
                "all_url": links.to_list(Alert, channel__id__exact=channel.pk),
            }
        return super().render_change_form(request, context, *args, **kwargs)


def _recent(channel: AlertChannel, links: Links) -> list[dict[str, Any]]:
    newest = Alert.objects.filter(channel=channel).order_by("-pk")[:_MOST_RECENT]
    zone = timezone.get_current_timezone()
    return [
        {
            "when": moment(alert.created_at, zone),
            "event": event_of(alert),
            "said": link(links.to_object(Alert, alert.pk), happened(alert)),
            "state": state_of(alert),
            "error": visible(alert.error),
        }
        for alert in newest
    ]
