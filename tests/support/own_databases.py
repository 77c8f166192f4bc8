"""An empty database of a test's own, beside the suite's, which Django's connection asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, connections


@contextmanager
def own_database(directory: Path, name: str = "own") -> Iterator[None]:
    """Have this process, and those that it starts, use an empty database for a while."""
    if connection.vendor == "sqlite":
        with _connected_to(str(directory / f"{name}.sqlite3")):
            yield
        return
    database = f"{connection.settings_dict['NAME']}_{name}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {database}")
    try:
        with _connected_to(database):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {database} WITH (FORCE)")


@contextmanager
def _connected_to(name: str) -> Iterator[None]:
    ours = connections["default"]
    theirs = ours.copy()
    theirs.settings_dict["NAME"] = name
    connections["default"] = theirs
    try:
        yield
    finally:
        theirs.close()
        connections["default"] = ours
