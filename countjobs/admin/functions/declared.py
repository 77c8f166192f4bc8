"""Declared schedules on the pages: what code says, what a person has changed, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.changes import log_changed
from countjobs.admin.display import badge, moment
from countjobs.admin.guarded import may_start, startable
from countjobs.admin.lookup import zone_of
from countjobs.admin.one_row import row_of
from countjobs.admin.urls import OF_ROW, WRITE, Page
from countjobs.database.deadlocks import again_after_deadlock
from countjobs.functions.value_types import bare
from countjobs.jobstores.declaring import Difference, differences, go_back
from countjobs.models import Declaration, FunctionJob

if TYPE_CHECKING:
    from countjobs.admin.functions.admin import FunctionJobAdmin


def declaration_of(definition: FunctionJob) -> Declaration | None:
    """What code declares for a definition, if anything."""
    return getattr(definition, "declaration", None)


def declared_badge(definition: FunctionJob) -> SafeString:
    """A badge, if code declares the definition."""
    declaration = declaration_of(definition)
    if declaration is None:
        return SafeString()
    if declaration.gone_at is not None:
        return badge("broken", "✗", gettext("no longer declared"))
    return badge("declared", "⌘", gettext("declared in code"))


def comparison(definition: FunctionJob) -> SafeString:
    """The badge, and what a person has changed."""
    declaration = declaration_of(definition)
    if declaration is None:
        return SafeString()
    rows = [
        (
            capfirst(str(definition._meta.get_field(each.field).verbose_name)),  # type: ignore[union-attr]  # no relation
            bare(each.declared),
            bare(each.now),
        )
        for each in _changed(declaration)
    ]
    context = {
        "badge": declared_badge(definition),
        "name": declaration.name,
        "gone": declaration.gone_at and moment(declaration.gone_at, zone_of(definition)),
        "rows": rows,
    }
    return SafeString(render_to_string("admin/countjobs/functions/declared.html", context))


def is_changed(definition: FunctionJob) -> bool:
    """Whether code declares it otherwise than it is now."""
    declaration = declaration_of(definition)
    return declaration is not None and bool(_changed(declaration))


def _changed(declaration: Declaration) -> list[Difference]:
    """What a person has changed, as it is stored: the form may have other values."""
    if declaration.gone_at is not None:
        return []
    return differences(Declaration.objects.select_related("definition").get(pk=declaration.pk))


@again_after_deadlock
def _back(request: HttpRequest, definition: FunctionJob) -> bool:
    """Set one back, and log it. Returns whether that changed anything. Raises ValidationError."""
    both = Declaration.objects.select_related("definition").select_for_update()
    with transaction.atomic():
        found = both.get(definition=definition)
        changed, now = go_back(found), found.definition
        log_changed(request.user.pk, [now] if changed else [], changed, enabled=now.enabled)
    return bool(changed)


@admin.action(description=_("Back to the declaration"), permissions=["go_back"])
def back_to_declaration(
    model_admin: FunctionJobAdmin, request: HttpRequest, definitions: QuerySet[FunctionJob]
) -> None:
    """Set those that code declares back to what it says."""
    declared = [each for each in definitions if declaration_of(each) is not None]
    allowed = startable(model_admin, request, declared, may=_may_start_both)
    changed = sum(_try(model_admin, request, each) for each in allowed)
    text = ngettext(
        "%d definition was set back to its declaration.",
        "%d definitions were set back to their declarations.",
        changed,
    )
    model_admin.message_user(request, text % changed, messages.SUCCESS)


def _try(model_admin: FunctionJobAdmin, request: HttpRequest, definition: FunctionJob) -> bool:
    try:
        return _back(request, definition)
    except ValidationError as error:
        reason = " ".join(error.messages)
        text = format_html(gettext("“{}” can't be set back: {}"), definition, reason)
        model_admin.message_user(request, text, messages.ERROR)
        return False


def _back_on_its_page(
    model_admin: FunctionJobAdmin, request: HttpRequest, object_id: str
) -> HttpResponse:
    """Set one back. Raises Http404 or PermissionDenied."""
    may = (model_admin.has_change_permission, model_admin.has_pause_permission)
    definition = row_of(model_admin, request, object_id, *may)
    if not may_go_back(model_admin, request, definition):
        raise PermissionDenied
    if _try(model_admin, request, definition):
        text = gettext("“%s” was set back to its declaration.") % definition
        model_admin.message_user(request, text, messages.SUCCESS)
    return HttpResponseRedirect(model_admin.page_address("change", definition))


def may_go_back(
    model_admin: FunctionJobAdmin, request: HttpRequest, definition: FunctionJob
) -> bool:
    """Whether the user may set it back, and there is anything to set back to."""
    return (
        declaration_of(definition) is not None
        and model_admin.has_go_back_permission(request)
        and _may_start_both(request.user, definition)
    )


def _may_start_both(user: Any, definition: FunctionJob) -> bool:
    """Whether the user may run what it calls now, and what it calls when it is set back."""
    declaration = declaration_of(definition)
    function = declaration.values.get("function") if declaration is not None else None
    declared = FunctionJob(function=function or definition.function)
    return may_start(user, definition) and may_start(user, declared)


PAGES = (Page("declared", f"{OF_ROW}declared/", _back_on_its_page, WRITE),)
