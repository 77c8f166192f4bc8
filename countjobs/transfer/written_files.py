"""The text of a file, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeAlias

from django.db.models import QuerySet

from countjobs.database.batches import batches
from countjobs.models import JobDefinition
from countjobs.transfer.format import (
    FORMAT,
    VERSION,
    Fields,
    json_of,
    label_of,
    value_of,
    with_named,
)

Part: TypeAlias = tuple[Iterable[JobDefinition], Fields]
"""Definitions of one kind, and which of their fields the file carries."""

_AT_ONCE = 1_000
_IN_MEMORY = 10 * 1024 * 1024
"""Bytes. Larger files go to disk."""

_HEAD = f'{{\n  "format": "{FORMAT}",\n  "version": {VERSION},\n  "definitions": ['
_END = "\n  ]\n}\n"


def in_pieces(definitions: QuerySet[JobDefinition], fields: Fields) -> Part:
    """All of them, sorted by name, in batches, without a server-side cursor: a pooler in
    transaction mode would lose it.
    """
    ordered = with_named(definitions.order_by("name"), fields)
    return _each(ordered), fields


def _each(definitions: QuerySet[JobDefinition]) -> Iterator[JobDefinition]:
    pks = list(definitions.values_list("pk", flat=True))
    for batch in batches(pks, _AT_ONCE):
        yield from definitions.filter(pk__in=batch)


def written(parts: Iterable[Part]) -> Iterator[str]:
    """The file, piece by piece: one definition after the other, each field on its own line."""
    yield _HEAD
    separator = "\n"
    for definitions, fields in parts:
        for definition in definitions:
            yield f"{separator}{_entry(definition, fields)}"
            separator = ",\n"
    yield _END


def whole_file(parts: Iterable[Part]) -> IO[bytes]:
    """The file, complete, for the caller to close: a failure is an error, never half a file."""
    with ExitStack() as stack:
        file = stack.enter_context(SpooledTemporaryFile(_IN_MEMORY))
        for piece in written(parts):
            file.write(piece.encode())
        file.seek(0)
        stack.pop_all()
    return file


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
