"""What a user may transfer on a site: the kinds, and of each the fields of this user's form."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from countjobs.admin.guarded import may_use
from countjobs.admin.page import PageAdmin
from countjobs.models import JobDefinition
from countjobs.transfer.format import Fields, fields_of
from countjobs.transfer.scope import Kind, Scope

_NOT_THIS = _("On this page, the “model” of an entry must be %(expected)s, not %(given)s.")
_NOT_YOURS = _(
    "There is no kind of definition “%(given)s” here, or you may not import it: that needs the "
    "permissions to add, change and pause."
)
"""It doesn't say which: who may not see a kind may not even know of it."""


def carried_fields(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> Fields:
    """The fields of this user's form, the name, and `enabled`.

    The last two are visible to everybody who may export.
    """
    return fields_of(model_admin.model, model_admin.get_form(request).base_fields)


def scope_of_kind(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> Scope:
    """One kind alone."""
    return Scope.of([_kind(model_admin, request)], _NOT_THIS)


def scope_of_all(site: admin.AdminSite, request: HttpRequest) -> Scope:
    """All kinds with pages on a site that the user may import; maybe none."""
    kinds = [_kind(each, request) for each in _admins(site, request) if _may(each, request)]
    return Scope.of(kinds, _NOT_YOURS)


def _admins(site: admin.AdminSite, request: HttpRequest) -> Iterator[admin.ModelAdmin[Any]]:
    """Those of kinds; proxies come last."""
    kinds = [model for model in site._registry if issubclass(model, JobDefinition)]
    for kind in sorted(kinds, key=lambda model: model._meta.proxy):
        yield own_copy(site.get_model_admin(kind), request)


def _may(model_admin: Any, request: HttpRequest) -> bool:
    """Whether the user may import; nobody may with an admin that isn't a `JobDefinitionAdmin`."""
    has_it = hasattr(model_admin, "has_import_permission")
    return has_it and bool(model_admin.has_import_permission(request))


def own_copy(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> admin.ModelAdmin[Any]:
    """The request's own copy of one of our admins."""
    return model_admin.for_request(request) if isinstance(model_admin, PageAdmin) else model_admin


def _kind(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> Kind:
    return Kind(
        model_admin.model,
        carried_fields(model_admin, request),
        model_admin.get_queryset(request),
        may_change=partial(model_admin.has_change_permission, request),
        may_use=partial(may_use, request.user),
    )
