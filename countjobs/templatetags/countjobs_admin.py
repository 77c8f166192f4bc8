"""The banner of the admin's pages, and links to pages of no single model."""

from __future__ import annotations

from typing import Any

from django import template

from countjobs.admin.banner.alerts import Alerts, alerts_for
from countjobs.admin.definitions.notices import paused_itself
from countjobs.admin.links import Links, site_of
from countjobs.models import JobDefinition

register = template.Library()


@register.inclusion_tag("admin/countjobs/banner.html", takes_context=True)
def countjobs_banner(context: template.Context) -> dict[str, Any]:
    """What is wrong, for users who may see it; nothing in a popup window."""
    if context.get("is_popup"):
        return {"alerts": Alerts()}
    return {"alerts": alerts_for(context["request"])}


@register.simple_tag(takes_context=True)
def countjobs_overview_url(context: template.Context) -> str:
    """The URL of the overview; "" for users who may not view it."""
    request = context["request"]
    return Links(request, site_of(request)).to_overview()


@register.simple_tag(takes_context=True)
def countjobs_jobs_url(context: template.Context) -> str:
    """The URL of the page “Jobs”; "" for users who may not view any kind."""
    request = context["request"]
    return Links(request, site_of(request)).to_jobs()


@register.simple_tag(takes_context=True)
def countjobs_hold_url(context: template.Context) -> str:
    """The URL of the page that holds and releases all jobs; "" for users who may not."""
    request = context["request"]
    return Links(request, site_of(request)).to_hold()


@register.simple_tag
def countjobs_paused_itself(definition: JobDefinition) -> str:
    """When a definition paused itself, and why; "" if it didn't."""
    return paused_itself(definition)
