"""The banner of the admin's pages."""

from __future__ import annotations

from typing import Any

from django import template

from countjobs.admin.alerts import Alerts, alerts_for

register = template.Library()


@register.inclusion_tag("admin/countjobs/banner.html", takes_context=True)
def countjobs_banner(context: template.Context) -> dict[str, Any]:
    """What is wrong, for staff who may see it; nothing in a popup window."""
    if context.get("is_popup"):
        return {"alerts": Alerts()}
    return {"alerts": alerts_for(context["request"])}
