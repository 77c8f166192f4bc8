"""What all pages have in common: the base classes of their admins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.text import capfirst
from django.utils.translation import override

from countjobs.admin.links import Links
from countjobs.admin.list_pages import PageChangeList, is_offered, shortened
from countjobs.admin.urls import Page

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin


def column(description: _StrPromise, tell: Callable[[Any], Any]) -> Any:
    """A column of a list, or a read-only field, made from `PageAdmin.facts_of` a row."""

    @admin.display(description=description)
    def shown(self: PageAdmin, row: Any) -> Any:
        return tell(self.facts_of(row))

    return shown


class PageAdmin(AnyModelAdmin):
    """Our templates and our list, and our pages beside Django's.

    Each request gets its own copy of the admin. So facts that are read for all rows of a page at
    once can be kept on the admin, for the columns that show them.
    """

    more_pages: Sequence[Page] = ()

    change_list_template = "admin/countjobs/change_list.html"
    change_form_template = "admin/countjobs/change_form.html"
    object_history_template = "admin/countjobs/object_history.html"
    delete_confirmation_template = "admin/countjobs/delete_confirmation.html"
    delete_selected_confirmation_template = "admin/countjobs/delete_selected_confirmation.html"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """As Django's, and only of what the list has a filter for."""
        is_allowed = is_offered(lookup, self.get_list_filter(request))
        return is_allowed and super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """As Django's, from the database that is written to: what a form shows is saved again."""
        return super().get_queryset(request).using(DEFAULT_DB_ALIAS)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list's class."""
        return PageChangeList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """As Django's, on the request's own copy, even if a view of yours asks for the list."""
        return super(PageAdmin, self.for_request(request)).get_changelist_instance(request)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """As Django's, but for the first words only."""
        found: tuple[models.QuerySet[Any], bool] = super().get_search_results(
            request, queryset, shortened(search_term)
        )
        return found

    def get_urls(self) -> list[URLPattern]:
        """As Django's, after ours: the last of Django's matches every URL."""
        return [*(page.url(self) for page in self.more_pages), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """As Django's, on the request's own copy."""
        own = self.for_request(request)
        return super(PageAdmin, own).changelist_view(request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """As Django's, on the request's own copy."""
        own = self.for_request(request)
        return super(PageAdmin, own).changeform_view(request, *args, **kwargs)

    _request: HttpRequest | None = None
    """Whose copy this is. None for the admin that all requests share: it keeps no facts."""
    _facts: Mapping[int, Any] = {}
    """By the row's identity: a form may change even its key."""

    def for_request(self, request: HttpRequest) -> Self:
        """A request's own copy, which knows no facts yet; the copy itself, if this is it."""
        if self._request is request:
            return self
        own = copy(self)
        own._request, own._facts = request, {}
        return own

    def read_facts(self, rows: Sequence[Any], links: Links) -> Iterable[Any]:
        """What is known about each of these rows: the row alone, unless overridden."""
        return rows

    def load_facts(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Read what a page shows beside its rows, and keep it here."""
        facts = self.read_facts(rows, Links(request, self.admin_site))
        self._facts = dict(zip(map(id, rows), facts, strict=True))

    def facts_of(self, row: Any) -> Any:
        """What is known about a row. If it isn't of the page, that is read now, without links."""
        if id(row) not in self._facts:
            return next(iter(self.read_facts([row], Links(None, self.admin_site))))
        return self._facts[id(row)]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """As Django's; the page of a form has one row."""
        if "\0" in object_id:  # PostgreSQL can't be asked for it
            return None
        row = super().get_object(request, object_id, from_field)
        if row is not None and self._request is not None:
            self.load_facts(request, [row])
        return row

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """As Django's, which tells users who may not see any row whether this one exists."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """As Django's; fields have the models' names, which the history can translate.

        Django logs the labels of the form. They are capitalised, and so in no catalogue.
        """
        parts: Any = super().construct_change_message(request, form, formsets, add)
        with override(None):
            names = {capfirst(n): n for n in (str(f.verbose_name) for f in self.opts.fields)}
        for part in parts:
            if fields := part.get("changed", {}).get("fields"):
                part["changed"]["fields"] = [names.get(label, label) for label in fields]
        return parts

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """As Django's. Raises BadRequest for what can't be a primary key: nobody selected it in a
        list.
        """
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.clean(key, None)
            except ValidationError as error:
                raise BadRequest from error
        return super().response_action(request, *args, **kwargs)


class ReadOnlyAdmin(PageAdmin):
    """Read-only pages: nobody adds, changes or deletes here, not even a superuser."""

    change_form_template = "admin/countjobs/read_only_form.html"
    actions: Any = None
    list_select_related = False
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False
