"""Definitions as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest

from countjobs.admin.transfer.format import (
    FORMAT,
    VERSION,
    Fields,
    carried_fields,
    json_of,
    label_of,
    value_of,
    with_named,
)
from countjobs.database.batches import batches
from countjobs.models import JobDefinition

_AT_ONCE = 1_000
_IN_MEMORY = 10 * 1024 * 1024
"""Bytes. Larger files go to disk before they are sent."""

_HEAD = f'{{\n  "format": "{FORMAT}",\n  "version": {VERSION},\n  "definitions": ['


_END = "\n  ]\n}\n"


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
        for piece in written(_in_pieces(ordered), fields):
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


def _in_pieces(definitions: QuerySet[JobDefinition]) -> Iterator[JobDefinition]:
    """All of them, in batches, without a server-side cursor: a pooler in transaction mode would
    lose it.
    """
    pks = list(definitions.values_list("pk", flat=True))
    for batch in batches(pks, _AT_ONCE):
        yield from definitions.filter(pk__in=batch)


def written(definitions: Iterable[JobDefinition], fields: Fields) -> Iterator[str]:
    """The file, piece by piece: one definition after the other, each field on its own line."""
    yield _HEAD
    separator = "\n"
    for definition in definitions:
        yield f"{separator}{_entry(definition, fields)}"
        separator = ",\n"
    yield _END


def _entry(definition: JobDefinition, fields: Fields) -> str:
    values = {"model": label_of(type(definition)), "name": definition.name}
    values |= {name: value_of(field, definition) for name, field in fields.items()}
    lines = [f"      {json_of(name)}: {_indented(value)}" for name, value in values.items()]
    return "    {\n" + ",\n".join(lines) + "\n    }"


def _indented(value: Any) -> str:
    if isinstance(value, dict | list):
        return json_of(value, in_lines=True).replace(
            "\n", "\n      "
        )  # no line ends inside of texts
    return json_of(value)
