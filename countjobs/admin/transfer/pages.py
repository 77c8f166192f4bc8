"""What the pages of definitions have for files: an action that exports, and a page that imports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions.actions import DefinitionActions
from countjobs.admin.transfer.format import carried_fields, label_of, with_named, written
from countjobs.admin.transfer.views import ImportView
from countjobs.database.batches import batches
from countjobs.models import JobDefinition

_AT_ONCE = 1_000
_IN_MEMORY = 10 * 1024 * 1024
"""Bytes. Larger files wait on the disk to be sent."""


class TransferPages(DefinitionActions):
    """Export, for who may see definitions; import, for who may add and change them."""

    actions = (*DefinitionActions.actions, "export")

    @admin.action(description=_("Export"), permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[JobDefinition]) -> FileResponse:
        """A file of the definitions, by name. However many there are, some are read at a time.

        It is whole before any of it is sent: what goes wrong is an error, never half a file.
        """
        fields = carried_fields(self, request)
        definitions = with_named(queryset.order_by("name"), fields)
        with ExitStack() as stack:
            file = stack.enter_context(SpooledTemporaryFile(_IN_MEMORY))
            for piece in written(_in_pieces(definitions), fields):
                file.write(piece.encode())
            file.seek(0)
            stack.pop_all()  # the response closes it
        return FileResponse(
            file,
            content_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="{label_of(self.model)}.json"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Whether the user may import definitions of this kind: add, change and pause them."""
        may = (self.has_add_permission, self.has_change_permission, self.has_pause_permission)
        return all(each(request) for each in may)

    def get_urls(self) -> list[URLPattern]:
        """As Django's, and the page that imports."""
        return [ImportView(self).url(), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """As Django's, with a link to the page that imports."""
        address = ImportView(self).address() if self.has_import_permission(request) else ""
        context = {"import_page": address, **(extra_context or {})}
        return super().changelist_view(request, context)


def _in_pieces(definitions: QuerySet[JobDefinition]) -> Iterator[JobDefinition]:
    """All of them, some at a time, without a cursor on the server: a pooler that gives each
    transaction another connection would lose it.
    """
    pks = list(definitions.values_list("pk", flat=True))
    for batch in batches(pks, _AT_ONCE):
        yield from definitions.filter(pk__in=batch)
