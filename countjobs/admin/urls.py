"""The URLs of our pages beside Django's: their names and their views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models.options import Options
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods

if TYPE_CHECKING:
    from countjobs.admin.page import PageAdmin

READ = ("GET", "HEAD")
WRITE = ("POST",)
OF_ROW = "<path:object_id>/"
"""The path of a page of one row."""

View = Callable[..., HttpResponseBase]


def name_of(opts: Options[Any], page: str) -> str:
    """The URL name of a model's page, like the names of Django's own."""
    return f"{opts.app_label}_{opts.model_name}_{page}"


def address_of(site: admin.AdminSite, opts: Options[Any], page: str, *args: object) -> str:
    """The URL of a model's page, in a site."""
    return reverse(f"admin:{name_of(opts, page)}", args=args, current_app=site.name)


def place_of_app(site: admin.AdminSite) -> dict[str, str]:
    """In place of the request, for the sidebar of a page whose URL begins as that of the list of
    runs does: Django would take it for that list.
    """
    return {"path": reverse("admin:app_list", args=["countjobs"], current_app=site.name)}


def view_of(site: admin.AdminSite, view: View) -> View:
    """A view of a site, for its staff. Every link on its page stays in the site.

    The view knows its site, as Django's own do: two sites may have the same name.
    """
    guarded = site.admin_view(view)

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.current_app = site.name
        return guarded(request, *args, **kwargs)

    answer.admin_site = site  # type: ignore[attr-defined]  # functions have what they are given
    return update_wrapper(answer, guarded)


@dataclass(frozen=True)
class Page:
    """A page of ours beside Django's. To add one, put it into an admin's `more_pages`.

    The view is a function. Its arguments are the request's own copy of the admin (see `PageAdmin`),
    the request, and what the path captures.
    """

    name: str
    """App and model are put in front, as in Django's own names, if the page is of the model."""
    place: str
    """The path below the model's list."""
    view: View
    methods: Sequence[str] = READ
    is_of_model: bool = True

    def url(self, model_admin: PageAdmin) -> URLPattern:
        """Its URL pattern, on the site of an admin."""

        @require_http_methods(self.methods)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return self.view(model_admin.for_request(request), request, *args, **kwargs)

        name = name_of(model_admin.opts, self.name) if self.is_of_model else self.name
        view = view_of(model_admin.admin_site, answer)
        return path(self.place, view, name=name)
