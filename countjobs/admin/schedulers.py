"""The pages of schedulers: which of them are alive."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin import display
from countjobs.admin.page import ReadOnlyAdmin
from countjobs.models import SchedulerNode

if TYPE_CHECKING:
    from countjobs.models.nodes import SchedulerNodeQuerySet


@admin.register(SchedulerNode)
class SchedulerNodeAdmin(ReadOnlyAdmin):
    """The list and the pages of schedulers."""

    change_list_template = "admin/countjobs/scheduler_list.html"
    list_display = ("life", "host", "pid", "heard_of", "state", "capacity", "version", "began")
    list_filter = ("state",)
    search_fields = ("host",)
    fields = (
        "life",
        "host",
        "pid",
        "version",
        "began",
        "beat",
        "heard_of",
        "state",
        "cannot_claim",
        "capacity",
        "given_up",
    )
    readonly_fields = ("life", "began", "beat", "heard_of", "cannot_claim", "given_up")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """As Django's, annotated with whether each is alive."""
        nodes = cast("SchedulerNodeQuerySet", super().get_queryset(request))
        return nodes.with_life(timezone.now())

    @admin.display(description=_("alive"))
    def life(self, node: Any) -> SafeString:
        """A badge, and one more if threads were given up."""
        return format_html("{} {}", life(node), given_up(node) if node.lives else "")

    @admin.display(description=_("last seen"))
    def heard_of(self, node: SchedulerNode) -> str:
        """How long ago its last heartbeat was."""
        return heard_of(node, timezone.now())

    @admin.display(description=_("started"))
    def began(self, node: SchedulerNode) -> str:
        """When it started."""
        return display.moment(node.started, timezone.get_current_timezone())

    @admin.display(description=_("heartbeat"))
    def beat(self, node: SchedulerNode) -> str:
        """When its last heartbeat was."""
        return display.moment(node.heartbeat, timezone.get_current_timezone())


def life(node: Any) -> SafeString:
    """Whether a scheduler, annotated with `lives`, is alive: a badge."""
    if node.lives:
        return display.badge("succeeded", "✓", _("alive"))
    if node.state == SchedulerNode.State.STOPPED:
        return display.badge("ended", "■", _("stopped"))
    return display.badge("failed", "✗", _("dead"))


def given_up(node: SchedulerNode) -> str:
    """How many of its threads were given up: a badge; "" for none."""
    if not node.given_up:
        return ""
    text = ngettext("%d thread given up", "%d threads given up", node.given_up) % node.given_up
    title = gettext("They still carry out runs that were to stop.")
    return display.badge("paused", "!", text, title)


def heard_of(node: SchedulerNode, now: datetime) -> str:
    """How long ago its last heartbeat was. Its clock may be ahead of ours."""
    return _("%s ago") % display.duration(max(now - node.heartbeat, timedelta()))
