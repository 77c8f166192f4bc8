"""The actions on definitions that were ticked in the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions import copying
from countjobs.admin.definitions.pausing import set_many
from countjobs.admin.definitions.run_now import ask_for_runs
from countjobs.admin.display import some_of
from countjobs.admin.guarded import startable
from countjobs.admin.links import Links
from countjobs.admin.transfer.export import export_file
from countjobs.models import JobDefinition

if TYPE_CHECKING:
    from countjobs.admin.definitions.admin import JobDefinitionAdmin

    Definitions = QuerySet[JobDefinition]


@admin.action(description=_("Run now"), permissions=["run"])
def run_now(
    model_admin: JobDefinitionAdmin, request: HttpRequest, definitions: Definitions
) -> None:
    """Ask for a run of each."""
    allowed = startable(model_admin, request, definitions)
    jobs = [(definition.job_id, definition.name) for definition in allowed]
    if jobs:
        ask_for_runs(request, model_admin.admin_site, jobs)


@admin.action(description=_("Pause"), permissions=["pause"])
def pause(model_admin: JobDefinitionAdmin, request: HttpRequest, definitions: Definitions) -> None:
    """Disable them, until they are resumed."""
    set_many(model_admin, request, definitions, enabled=False)


@admin.action(description=_("Resume"), permissions=["pause"])
def resume(model_admin: JobDefinitionAdmin, request: HttpRequest, definitions: Definitions) -> None:
    """Enable them."""
    set_many(model_admin, request, definitions, enabled=True)


@admin.action(description=_("Duplicate"), permissions=["add"])
def duplicate(
    model_admin: JobDefinitionAdmin, request: HttpRequest, definitions: Definitions
) -> None:
    """Make a duplicate of each, which is not enabled."""
    some = list(definitions[: copying.MOST + 1])
    if len(some) > copying.MOST:
        text = gettext("At most %d definitions can be duplicated at once.") % copying.MOST
        return model_admin.message_user(request, text, messages.ERROR)
    some = startable(model_admin, request, some)
    if not some:
        return None
    try:
        copies = copying.duplicate(request.user.pk, some)
    except IntegrityError:
        text = gettext(
            "Nothing was duplicated: a duplicate would repeat a value that must be unique."
        )
        return model_admin.message_user(request, text, messages.ERROR)
    links = Links(request, model_admin.admin_site)
    shown = some_of(copies, lambda each: (links.to_object(type(each), each.pk), str(each)))
    text = ngettext(
        "A duplicate was made (not enabled): {}",
        "{n} duplicates were made (not enabled): {}",
        len(copies),
    )
    told = format_html(text, shown, n=len(copies))
    return model_admin.message_user(request, told, messages.SUCCESS)


@admin.action(description=_("Export"), permissions=["view"])
def export(
    model_admin: JobDefinitionAdmin, request: HttpRequest, definitions: Definitions
) -> FileResponse:
    """Download them as a file, sorted by name."""
    return export_file(model_admin, request, definitions)
