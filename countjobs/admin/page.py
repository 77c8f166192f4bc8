"""What the app's pages have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import BadRequest, FieldError, PermissionDenied, ValidationError
from django.db import DEFAULT_DB_ALIAS, DataError, NotSupportedError, ProgrammingError, models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.text import capfirst
from django.utils.translation import override

from countjobs.admin.addresses import Page
from countjobs.admin.searching import MOST_WORDS, left_out, shortened

_LONGEST_SEARCH = 1_000
"""Characters."""

_NEVER = ("__regex", "__iregex", "__range")
"""Lookups that no address may ask for."""

_IMPOSSIBLE = (
    *(DataError, NotSupportedError, ProgrammingError),
    *(FieldError, OverflowError, ValueError),
)
"""What Django, a driver or a database raises for a query that makes no sense."""

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin


@contextmanager
def no_impossible_lookups() -> Iterator[None]:
    """Treat a query that a database or its driver can't take as wrong parameters."""
    try:
        yield
    except _IMPOSSIBLE as error:
        raise IncorrectLookupParameters from error


class PageChangeList(ChangeList):
    """A list that can read more for all rows of its page at once."""

    most_words = MOST_WORDS

    @property
    def leaves_words_out(self) -> bool:
        """Whether the search has more words than are used. The page says so."""
        return left_out(self.query)

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> models.QuerySet[Any]:
        """As Django's. PostgreSQL can't search for a NUL, nor SQLite for very long text."""
        if any("\0" in value for values in request.GET.lists() for value in values[1]):
            raise IncorrectLookupParameters
        if len(request.GET.get(SEARCH_VAR, "")) > _LONGEST_SEARCH:
            raise IncorrectLookupParameters
        return super().get_queryset(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        """As Django's; then the model's admin gets the rows of the page.

        A value that the database can't look up, such as a number of thirty digits, finds nothing.
        """
        with no_impossible_lookups():
            super().get_results(request)
        cast("PageAdmin", self.model_admin).show_page(request, list(self.result_list))


def told(description: _StrPromise, tell: Callable[[Any], Any]) -> Any:
    """A column, or a part of a page, made from what `PageAdmin.facts_of` knows of a row."""

    @admin.display(description=description)
    def shown(self: PageAdmin, row: Any) -> Any:
        return tell(self.facts_of(row))

    return shown


class PageAdmin(AnyModelAdmin):
    """Adds our templates, our list and our own pages to Django's admin.

    Each request gets its own copy of the admin. So the admin can keep what was read for all rows of
    a page at once, for the methods that show it.
    """

    pages: Sequence[Page] = ()

    change_list_template = "admin/countjobs/change_list.html"
    change_form_template = "admin/countjobs/change_form.html"
    object_history_template = "admin/countjobs/object_history.html"
    delete_confirmation_template = "admin/countjobs/delete_confirmation.html"
    delete_selected_confirmation_template = "admin/countjobs/delete_selected_confirmation.html"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """As Django's, but only lookups that the list has a filter for.

        Django lets an address use any lookup of the model's own fields. Among these are lookups
        that no database can answer, ranges, for which an address can't give two ends, and regular
        expressions, which can be made to hang.
        """
        offered = {_asked_as(each) for each in self.get_list_filter(request)}
        is_offered = any(lookup == name or lookup.startswith(f"{name}__") for name in offered)
        if not is_offered or lookup.endswith(_NEVER):
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """As Django's, from the database that is written to: a form overwrites what it shows."""
        return super().get_queryset(request).using(DEFAULT_DB_ALIAS)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list's class."""
        return PageChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """As Django's, but for the first words only."""
        found: tuple[models.QuerySet[Any], bool] = super().get_search_results(
            request, queryset, shortened(search_term)
        )
        return found

    def get_urls(self) -> list[URLPattern]:
        """Ours, then Django's: one of Django's matches every address that is left."""
        return [*(page.url(self) for page in self.pages), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """As Django's, on the request's own copy of the admin."""
        return super(PageAdmin, copy(self)).changelist_view(request, extra_context)

    def changeform_view(self, *args: Any, **kwargs: Any) -> Any:
        """As Django's, on the request's own copy of the admin."""
        own = copy(self)
        own.tells = True
        return super(PageAdmin, own).changeform_view(*args, **kwargs)

    tells = False
    """Whether what is read for a page is kept for a single row."""

    def show_page(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Read what a page shows besides its rows. Does nothing unless overridden."""

    def facts_of(self, row: Any) -> Any:
        """What is known of a row of the page: just the row, unless overridden."""
        return row

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """As Django's; a form counts as a page of one row."""
        if "\0" in object_id:  # PostgreSQL can't even be asked for it
            return None
        row = super().get_object(request, object_id, from_field)
        if row is not None and self.tells:
            self.show_page(request, [row])
        return row

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """As Django's, but tells nobody who may not see any row whether this one exists."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """As Django's, with the models' names of the fields, which the history can translate.

        Django logs the labels of the form. These are capitalised, so no catalogue has them.
        """
        parts: Any = super().construct_change_message(request, form, formsets, add)
        with override(None):
            names = {capfirst(name): name for name in map(_name_of, self.opts.fields)}
        for part in parts:
            if fields := part.get("changed", {}).get("fields"):
                part["changed"]["fields"] = [names.get(label, label) for label in fields]
        return parts

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """As Django's. Raises BadRequest for what can't be a key: our list has no such row."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.clean(key, None)
            except ValidationError as error:
                raise BadRequest from error
        return super().response_action(request, *args, **kwargs)


def _asked_as(list_filter: Any) -> str:
    """The name that an address uses for a filter, which can be written in three ways."""
    if isinstance(list_filter, type):
        return str(getattr(list_filter, "parameter_name", ""))
    return str(list_filter if isinstance(list_filter, str) else list_filter[0])


def _name_of(field: models.Field[Any, Any]) -> str:
    return str(field.verbose_name)


class ReadOnlyAdmin(PageAdmin):
    """Read-only pages: nobody adds, changes or deletes here, not even a superuser."""

    change_form_template = "admin/countjobs/read_only_form.html"
    actions = None
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
