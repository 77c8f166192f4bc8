"""Many values as one parameter: databases limit how many parameters a statement has."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models.expressions import RawSQL

_SQL = {
    "postgresql": "SELECT json_array_elements_text(%s::json)",
    "sqlite": "SELECT value FROM json_each(%s)",
}


def many_values(values: Iterable[str]) -> RawSQL:
    """Texts as a subquery, for the lookup `in`."""
    if connection.vendor not in _SQL:
        message = f"countjobs runs on PostgreSQL and SQLite, not on {connection.vendor}."
        raise ImproperlyConfigured(message)
    return RawSQL(_SQL[connection.vendor], [json.dumps(list(values))])  # noqa: S611  # one of two
