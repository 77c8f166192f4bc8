"""Running a definition again whose single run is over: it gets another moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from countjobs.admin.changes import log_changed
from countjobs.admin.definitions.columns import Facts
from countjobs.admin.one_row import row_of
from countjobs.admin.urls import OF_ROW, WRITE, Page
from countjobs.database.deadlocks import again_after_deadlock
from countjobs.models import JobDefinition
from countjobs.models.schedule_fields import ScheduleType

if TYPE_CHECKING:
    from countjobs.admin.definitions.admin import JobDefinitionAdmin

_FORMAT = "%Y-%m-%dT%H:%M:%S"
_PAGE = "again"


class RunAgainForm(forms.Form):
    """One moment."""

    run_at = forms.DateTimeField(
        label=gettext_lazy("Run again at"),
        widget=forms.DateTimeInput(
            {"type": "datetime-local", "step": 1, "form": "countjobs-again"}, format=_FORMAT
        ),
    )


@dataclass(frozen=True)
class Offer:
    """The form, for a page. Its element is outside of the form that the page is about."""

    url: str
    form: RunAgainForm
    zone: str
    """The time zone in which the moment is read."""


def offer(model_admin: JobDefinitionAdmin, request: HttpRequest, facts: Facts) -> Offer | None:
    """The form for a definition that ran once and has ended, for users who may change it."""
    definition = facts.definition
    is_over = facts.has_ended and _runs_once(definition)
    if not (is_over and model_admin.has_change_permission(request, definition)):
        return None
    url = model_admin.page_address(_PAGE, definition)
    return Offer(url, RunAgainForm(), timezone.get_current_timezone_name())


def _runs_once(definition: JobDefinition) -> bool:
    # An invalid form changes the definition that its page shows, but not what is stored.
    return definition.schedule_type == ScheduleType.ONCE


def _run_again(
    model_admin: JobDefinitionAdmin, request: HttpRequest, object_id: str
) -> HttpResponse:
    definition = row_of(model_admin, request, object_id, model_admin.has_change_permission)
    form = RunAgainForm(request.POST)
    wrong = [str(error) for error in form.errors.get("run_at", ())]
    if not wrong:
        wrong = _set_moment(request, definition, form.cleaned_data["run_at"])
    if wrong:
        text = _("It won't run again: %s") % " ".join(wrong)
        model_admin.message_user(request, text, messages.ERROR)
    else:
        model_admin.load_facts(request, [definition])
        for level, text in model_admin.facts_of(definition).messages():
            model_admin.message_user(request, text, level)
    return HttpResponseRedirect(model_admin.page_address("change", definition))


@again_after_deadlock
def _set_moment(request: HttpRequest, definition: JobDefinition, moment: Any) -> list[str]:
    """Set and save the moment. Returns what is wrong with it, a sentence each."""
    if not _runs_once(definition):
        return [_("Its schedule is of another type now.")]
    definition.run_at = moment
    others = [field.name for field in definition._meta.fields if field.name != "run_at"]
    try:
        # Together with the other fields of the schedule, but whatever else is wrong with it.
        JobDefinition.clean_fields(definition, exclude=others)
        JobDefinition.clean(definition)
    except ValidationError as error:
        found = error.update_error_dict({})
        return [text for name in ("run_at", NON_FIELD_ERRORS) for text in _texts(found, name)]
    with transaction.atomic():
        definition.save(update_fields=["run_at"])
        log_changed(request.user.pk, [definition], ["run_at"], enabled=definition.enabled)
    return []


def _texts(errors: dict[str, Any], name: str) -> list[str]:
    return [text for error in errors.get(name, ()) for text in error.messages]


PAGES = (Page(_PAGE, f"{OF_ROW}again/", _run_again, WRITE),)
