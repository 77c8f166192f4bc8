"""Pausing and resuming definitions, from every page: the switch of `enabled`.

Django's history of changes records who did it, and when.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.changes import log_changed
from countjobs.admin.display import badge
from countjobs.admin.guarded import is_guarded, may_start, startable
from countjobs.admin.one_row import row_of
from countjobs.admin.urls import OF_ROW, WRITE, Page
from countjobs.database.batches import batches
from countjobs.database.deadlocks import again_after_deadlock
from countjobs.history.holding import held_since
from countjobs.models import JobDefinition

if TYPE_CHECKING:
    from countjobs.admin.definitions.admin import JobDefinitionAdmin

_ENABLED = "enabled"
_BATCH = 10_000
"""Keys in one statement. SQLite takes 32,766 values."""
_WANTED = {"0": False, "1": True}


@again_after_deadlock
def set_enabled(request: HttpRequest, queryset: QuerySet[Any], *, enabled: bool) -> int:
    """Enable or disable definitions, and log it for each one that changes. Returns how many do.

    Those that the user may not resume stay as they are. Runs that were due while one was disabled
    are not made up for.
    """
    others = queryset.filter(enabled=not enabled)
    with transaction.atomic():
        changed = [each for each in others if not enabled or may_start(request.user, each)]
        for pks in batches([each.pk for each in changed], _BATCH):
            others.filter(pk__in=pks).update(enabled=enabled)
        log_changed(request.user.pk, changed, [_ENABLED], enabled=enabled)
    return len(changed)


def set_many(
    model_admin: JobDefinitionAdmin, request: HttpRequest, queryset: QuerySet[Any], *, enabled: bool
) -> None:
    """Pause or resume the definitions selected in the list, and say how many changed."""
    if enabled and is_guarded(queryset.model):
        startable(model_admin, request, queryset)  # says how many are left out
    count = set_enabled(request, queryset, enabled=enabled)
    model_admin.message_user(request, switched_words(count, enabled=enabled), messages.SUCCESS)
    warn_if_held(request, count if enabled else 0)


def warn_if_held(request: HttpRequest, resumed: int) -> None:
    """Say that definitions which were resumed don't run yet, if all jobs are held."""
    if resumed and held_since():
        messages.warning(request, gettext("All jobs are held. They run once they are released."))


def switched_words(count: int, *, enabled: bool) -> str:
    """How many definitions were paused or resumed."""
    if enabled:
        text = ngettext("%d definition was resumed.", "%d definitions were resumed.", count)
    else:
        text = ngettext("%d definition was paused.", "%d definitions were paused.", count)
    return text % count


def _set_one(
    model_admin: JobDefinitionAdmin, request: HttpRequest, object_id: str, *, enabled: bool | None
) -> JobDefinition:
    """Pause or resume the definition of a URL, and read its facts again.

    Raises Http404, PermissionDenied for users who may not, or BadRequest if `enabled` is None.
    """
    may = (model_admin.has_pause_permission, model_admin.has_view_permission)
    definition = row_of(model_admin, request, object_id, *may)
    if enabled is None:
        raise BadRequest
    if enabled and not may_start(request.user, definition):
        raise PermissionDenied
    found = model_admin.get_queryset(request).filter(pk=definition.pk)
    set_enabled(request, found, enabled=enabled)
    definition = row_of(model_admin, request, object_id, *may)  # it may have been deleted meanwhile
    model_admin.load_facts(request, [definition])
    return definition  # type: ignore[no-any-return]  # the model is the project's


def _set_on_its_page(
    model_admin: JobDefinitionAdmin, request: HttpRequest, object_id: str, *, enabled: bool
) -> HttpResponse:
    definition = _set_one(model_admin, request, object_id, enabled=enabled)
    level, words = _said(model_admin, definition)
    model_admin.message_user(request, words, level)
    for warning in model_admin.facts_of(definition).warnings():
        model_admin.message_user(request, warning, messages.WARNING)
    return HttpResponseRedirect(model_admin.page_address("change", definition))


def _set_in_the_list(
    model_admin: JobDefinitionAdmin, request: HttpRequest, object_id: str
) -> HttpResponse:
    enabled = _WANTED.get(request.POST.get(_ENABLED, ""))
    definition = _set_one(model_admin, request, object_id, enabled=enabled)
    level, words = _said(model_admin, definition)
    if "in_place" in request.POST:
        facts = model_admin.facts_of(definition)
        answer = {"enabled": facts.enabled, "next_run": facts.next_run(), "said": words}
        return JsonResponse(answer)
    model_admin.message_user(request, words, level)
    if url_has_allowed_host_and_scheme(back := request.POST.get("back", ""), None):
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(f"{_list_address(model_admin, request)}#{_id(definition)}")


def _said(model_admin: JobDefinitionAdmin, definition: JobDefinition) -> tuple[int, str]:
    """The message for somebody who has just switched it: its level and its text."""
    name = {"name": str(definition)}
    if not definition.enabled:
        return messages.SUCCESS, gettext("“%(name)s” was paused.") % name
    level, comes = model_admin.facts_of(definition).announcement()
    return level, gettext("“%(name)s” was resumed. %(comes)s") % {**name, "comes": comes}


PAGES = (
    Page("pause", f"{OF_ROW}pause/", partial(_set_on_its_page, enabled=False), WRITE),
    Page("resume", f"{OF_ROW}resume/", partial(_set_on_its_page, enabled=True), WRITE),
    Page("enabled", f"{OF_ROW}enabled/", _set_in_the_list, WRITE),
)


def switch(
    model_admin: JobDefinitionAdmin, request: HttpRequest | None, definition: JobDefinition
) -> SafeString:
    """`enabled` as a button that posts. A script makes it work in place.

    Users who may not switch it see a badge.
    """
    if request and _may_switch(model_admin, request, definition):
        address = model_admin.page_address(_ENABLED, definition)
        if filters := model_admin.get_preserved_filters(request):
            address = f"{address}?{filters}"
        context = {"definition": definition, "address": address, "id": _id(definition)}
        return render_to_string("admin/countjobs/definitions/switch.html", context)
    return on_or_off(definition)


def on_or_off(definition: JobDefinition) -> SafeString:
    """Whether it is enabled, for users who may not switch it."""
    return badge("on", "✓", _("on")) if definition.enabled else badge("off", "‖", _("off"))


def _may_switch(
    model_admin: JobDefinitionAdmin, request: HttpRequest, definition: JobDefinition
) -> bool:
    may_pause = model_admin.has_pause_permission(request)
    return may_pause and (definition.enabled or may_start(request.user, definition))


def _list_address(model_admin: JobDefinitionAdmin, request: HttpRequest) -> str:
    """The URL of the list as it was filtered, sorted and paged."""
    context: dict[str, Any] = {
        "preserved_filters": model_admin.get_preserved_filters(request),
        "opts": model_admin.opts,
    }
    return str(add_preserved_filters(context, model_admin.page_address("changelist")))


def _id(definition: JobDefinition) -> str:
    """The anchor of a switch, so that the reloaded list scrolls to it."""
    return f"countjobs-switch-{definition.pk}"
