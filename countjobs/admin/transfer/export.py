"""Definitions as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest

from countjobs.admin.transfer.permitted import carried_fields, own_copy
from countjobs.models import JobDefinition
from countjobs.transfer.format import label_of
from countjobs.transfer.written_files import Part, in_pieces, whole_file

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]


def export_file(
    model_admin: AnyModelAdmin, request: HttpRequest, definitions: QuerySet[JobDefinition]
) -> FileResponse:
    """A file of the definitions, sorted by name. They are read in batches, however many there are.

    The file is complete before any of it is sent: a failure is an error, never half a file.
    """
    part = in_pieces(definitions, carried_fields(model_admin, request))
    return _download([part], f"{label_of(model_admin.model)}.json")


def export_file_of_all(
    site: admin.AdminSite,
    request: HttpRequest,
    chosen: Mapping[type[JobDefinition], QuerySet[JobDefinition]],
) -> FileResponse:
    """The same of several kinds: one kind after the other, each with the fields of its own form.

    What the user may not view is left out.
    """
    return _download(_visible(site, request, chosen), "countjobs.json")


def _visible(
    site: admin.AdminSite,
    request: HttpRequest,
    chosen: Mapping[type[JobDefinition], QuerySet[JobDefinition]],
) -> Iterator[Part]:
    for model in sorted(chosen, key=label_of):
        if not site.is_registered(model):
            continue
        model_admin = own_copy(site.get_model_admin(model), request)
        if model_admin.has_view_permission(request):
            visible = model_admin.get_queryset(request).order_by().values("pk")
            definitions = chosen[model].filter(pk__in=visible)
            yield in_pieces(definitions, carried_fields(model_admin, request))


def _download(parts: Iterable[Part], name: str) -> FileResponse:
    return FileResponse(
        whole_file(parts),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
