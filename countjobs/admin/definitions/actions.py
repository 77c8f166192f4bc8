"""The actions on definitions: run now, pause, resume, duplicate."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_permission_codename
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions.copying import MOST, duplicate
from countjobs.admin.definitions.enabling import tell_switch
from countjobs.admin.display import link
from countjobs.admin.executions.filters import within_those_of
from countjobs.admin.links import Links
from countjobs.admin.page import PageAdmin
from countjobs.database.deadlocks import again_after_deadlock
from countjobs.history.requests import request_runs
from countjobs.models import Execution, JobDefinition
from countjobs.models.executions import Trigger
from countjobs.text import visible

_MOST_LINKS = 10


class DefinitionActions(PageAdmin):
    """What can be done with definitions that were ticked in the list."""

    actions: tuple[str, ...] = ("run_now", "pause", "resume", "duplicate")

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Whether the user may run definitions of this kind by hand."""
        return self._has_own_permission(request, "run")

    def has_pause_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may pause and resume definitions of this kind: enable and disable them.

        To change them is another permission: without this one `enabled` stays as it is.
        """
        return self._has_own_permission(request, "pause")

    def _has_own_permission(self, request: HttpRequest, action: str) -> bool:
        codename = get_permission_codename(action, self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """As Django's, and `enabled` for who may not pause. A new definition is enabled then."""
        given = tuple(super().get_readonly_fields(request, obj))
        return given if self.has_pause_permission(request, obj) else (*given, "enabled")

    @admin.action(description=_("Run now"), permissions=["run"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[JobDefinition]) -> None:
        """File a request for a run of each. A scheduler picks them up; nothing runs here."""
        queued = request_runs(
            [(definition.job_id, definition.name) for definition in queryset],
            requested_by=request.user.get_username(),
        )
        text = ngettext("Run requested: {}", "{n} runs requested: {}", len(queued))
        links = Links(request, self.admin_site)
        shown = [
            (links.to_object(Execution, run.pk), visible(run.job_name))
            for run in queued[:_MOST_LINKS]
        ]
        told = _told(shown, len(queued), _of_these(queued, links))
        self.message_user(request, format_html(text, told, n=len(queued)), messages.SUCCESS)

    @admin.action(description=_("Pause"), permissions=["pause"])
    def pause(self, request: HttpRequest, queryset: QuerySet[JobDefinition]) -> None:
        """Disable them, until they are resumed."""
        count = set_enabled(request, queryset, enabled=False)
        text = ngettext("%d definition was paused.", "%d definitions were paused.", count)
        self.message_user(request, text % count, messages.SUCCESS)

    @admin.action(description=_("Resume"), permissions=["pause"])
    def resume(self, request: HttpRequest, queryset: QuerySet[JobDefinition]) -> None:
        """Enable them. What was due meanwhile is not made up for."""
        count = set_enabled(request, queryset, enabled=True)
        text = ngettext("%d definition was resumed.", "%d definitions were resumed.", count)
        self.message_user(request, text % count, messages.SUCCESS)

    @admin.action(description=_("Duplicate"), permissions=["add"])
    def duplicate(self, request: HttpRequest, queryset: QuerySet[JobDefinition]) -> None:
        """Make a copy of each, which is not enabled."""
        definitions = list(queryset[: MOST + 1])
        if len(definitions) > MOST:
            text = gettext("At most %d definitions can be duplicated at once.") % MOST
            return self.message_user(request, text, messages.ERROR)
        try:
            copies = duplicate(request.user.pk, definitions)
        except IntegrityError:
            text = gettext("Nothing was duplicated: a copy must hold what only one may hold.")
            return self.message_user(request, text, messages.ERROR)
        links = Links(request, self.admin_site)
        shown = [(links.to_object(type(made), made.pk), str(made)) for made in copies[:_MOST_LINKS]]
        text = ngettext(
            "A copy was made, which is not enabled: {}",
            "{n} copies were made, which are not enabled: {}",
            len(copies),
        )
        told = format_html(text, _told(shown, len(copies), ""), n=len(copies))
        return self.message_user(request, told, messages.SUCCESS)


def _of_these(queued: list[Execution], links: Links) -> str:
    """Where all these are listed."""
    if not queued:
        return ""
    due = within_those_of(run.scheduled_at for run in queued)
    return links.to_list(Execution, trigger__exact=Trigger.MANUAL, since=due)


@again_after_deadlock
def set_enabled(request: HttpRequest, queryset: QuerySet[Any], *, enabled: bool) -> int:
    """Enable or disable definitions, and log it for each that was not so before: how many."""
    others = queryset.filter(enabled=not enabled)
    with transaction.atomic():
        changed = list(others)
        others.update(enabled=enabled)
        message = [{"changed": tell_switch({"fields": ["enabled"]}, enabled)}]
        LogEntry.objects.log_actions(str(request.user.pk), changed, CHANGE, message)
    return len(changed)


def _told(shown: list[tuple[str, str]], count: int, more_url: str) -> SafeString:
    """Links with these addresses and words, and how many more there are."""
    told = format_html_join(", ", "{}", ((link(url, words),) for url, words in shown))
    if count <= len(shown):
        return told
    rest = count - len(shown)
    more = ngettext("and %d more", "and %d more", rest) % rest
    return told + format_html(" {}", link(more_url, more))
