"""An empty database of a test's own, beside the suite's, which Django's connection asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from tests.support.other_servers import connected_with


@contextmanager
def own_database(directory: Path, name: str = "own") -> Iterator[None]:
    """Have this process, and those that it starts, use an empty database for a while."""
    if connection.vendor == "sqlite":
        with connected_with(NAME=str(directory / f"{name}.sqlite3")):
            yield
        return
    database = f"{connection.settings_dict['NAME']}_{name}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {database}")
    try:
        with connected_with(NAME=database):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {database} WITH (FORCE)")
