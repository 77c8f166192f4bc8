"""Definitions as a file."""

from __future__ import annotations

from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest

from countjobs.admin.transfer.carried import carried_fields
from countjobs.models import JobDefinition
from countjobs.transfer.format import label_of, with_named
from countjobs.transfer.writing import in_pieces, written

_IN_MEMORY = 10 * 1024 * 1024
"""Bytes. Larger files go to disk before they are sent."""


def export_file(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, definitions: QuerySet[JobDefinition]
) -> FileResponse:
    """A file of the definitions, sorted by name. They are read in batches, however many there are.

    The file is complete before any of it is sent: a failure is an error, never half a file.
    """
    fields = carried_fields(model_admin, request)
    ordered = with_named(definitions.order_by("name"), fields)
    with ExitStack() as stack:
        file = stack.enter_context(SpooledTemporaryFile(_IN_MEMORY))
        for piece in written(in_pieces(ordered), fields):
            file.write(piece.encode())
        file.seek(0)
        stack.pop_all()  # the response closes it
    return FileResponse(
        file,
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{label_of(model_admin.model)}.json"',
            "X-Content-Type-Options": "nosniff",
        },
    )
