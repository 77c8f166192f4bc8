"""The page that holds all jobs, or releases them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from countjobs.admin.links import Links
from countjobs.admin.urls import READ, WRITE, Page, place_of_app
from countjobs.history.holding import current_hold, hold, release
from countjobs.models import Hold
from countjobs.models.holds import MOST_REASON
from countjobs.text import validate_text


class HoldForm(forms.Form):
    """Why all jobs are to be held."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MOST_REASON,
        validators=[validate_text],
        widget=AdminTextareaWidget({"rows": 4}),
        help_text=gettext_lazy("Everybody who may see pages of this app can read it."),
    )


def _hold(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """The form; or, if it was posted and is valid, hold all jobs. Raises PermissionDenied."""
    links = _permitted(model_admin, request)
    form = HoldForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        _hold_for(request, form.cleaned_data["reason"])
        return HttpResponseRedirect(links.to_hold())
    site, found = model_admin.admin_site, current_hold()
    context = {
        **site.each_context(request),
        "title": _("Hold all jobs") if found is None else _("Release all jobs"),
        "opts": model_admin.opts,
        "place": place_of_app(site),
        "form": form,
        "hold": found,
        "way_back": _way_back(links),
        "running_url": links.to_running(),
    }
    return TemplateResponse(request, "admin/countjobs/hold.html", context)


def _hold_for(request: HttpRequest, reason: str) -> None:
    """Hold all jobs, unless somebody was faster."""
    with transaction.atomic():
        is_new = hold(reason, request.user.get_username())
        if is_new and (found := current_hold()):
            LogEntry.objects.log_actions(str(request.user.pk), [found], ADDITION, [{"added": {}}])
    if is_new:
        messages.success(request, _("All jobs are held. Runs in progress go on."))
    else:
        messages.warning(request, _("All jobs are held already. That hold stays as it is."))


def _release(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Release the hold that the user has seen. Raises PermissionDenied."""
    links = _permitted(model_admin, request)
    found = current_hold()
    if found is None:
        messages.warning(request, _("All jobs have been released already."))
    elif request.POST.get("held_at") != found.held_at.isoformat():
        messages.warning(request, _("Meanwhile, somebody has held all jobs anew. See why."))
        return HttpResponseRedirect(links.to_hold())
    else:
        _release_hold(request, found)
    return HttpResponseRedirect(_way_back(links))


def _release_hold(request: HttpRequest, found: Hold) -> None:
    """Release all jobs, unless somebody was faster."""
    with transaction.atomic():
        if is_over := release(request.user.get_username(), held_at=found.held_at):
            LogEntry.objects.log_actions(str(request.user.pk), [found], DELETION, "")
    if is_over:
        messages.success(request, _("All jobs are released. What came due is caught up."))
    else:
        messages.warning(request, _("All jobs have been released already."))


def _permitted(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> Links:
    links = Links(request, model_admin.admin_site)
    if not links.may_hold():
        raise PermissionDenied
    return links


def _way_back(links: Links) -> str:
    return links.to_overview() or links.to_jobs() or links.to_hold()


PAGES = (
    Page("countjobs_hold", "hold/", _hold, (*READ, *WRITE), is_of_model=False),
    Page("countjobs_release", "hold/release/", _release, WRITE, is_of_model=False),
)
