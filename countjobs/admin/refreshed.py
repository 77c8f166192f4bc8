"""Pages that a script renews: the whole page, and the parts of it that change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise

from countjobs.admin.display import moment
from countjobs.admin.urls import Page, place_of_app

Read: TypeAlias = "Callable[[admin.ModelAdmin[Any], HttpRequest], dict[str, Any]]"


@dataclass(frozen=True)
class RefreshedPage:
    """A page of the admin of runs: who may view runs may view it."""

    name: str
    """Of its URL, of the folder of its templates, and of its path."""
    title: Promise
    seconds: int
    """How often it is renewed."""
    read: Read
    """Reads what the parts show, as far as the user may see it."""

    def pages(self) -> tuple[Page, Page]:
        """For `more_pages`."""
        name, path = f"countjobs_{self.name}", f"{self.name}/"
        return (
            Page(name, path, self.whole, is_of_model=False),
            Page(f"{name}_parts", f"{path}parts/", self.fresh, is_of_model=False),
        )

    def whole(self, model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
        """The page. Raises PermissionDenied."""
        site = model_admin.admin_site
        context = {
            **site.each_context(request),
            **self._parts(model_admin, request),
            "title": self.title,
            "opts": model_admin.opts,
            "place": place_of_app(site),
        }
        return TemplateResponse(request, f"admin/countjobs/{self.name}/page.html", context)

    def fresh(self, model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
        """The parts of the page that change. Raises PermissionDenied."""
        context = self._parts(model_admin, request)
        return TemplateResponse(request, "admin/countjobs/refreshed/fresh.html", context)

    def _parts(self, model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> dict[str, Any]:
        if not model_admin.has_view_permission(request):
            raise PermissionDenied
        return {
            **self.read(model_admin, request),
            "seconds": self.seconds,
            "updated": moment(timezone.now(), timezone.get_current_timezone()),
            "parts_template": f"admin/countjobs/{self.name}/parts.html",
            "parts_url": f"admin:countjobs_{self.name}_parts",
        }
