"""Another database, server or pooler, which Django's connection asks for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections


@contextmanager
def connected_with(**settings: object) -> Iterator[None]:
    """Have the ORM of this process connect with these settings in place of its own."""
    ours = connections["default"]
    theirs = ours.copy()
    theirs.settings_dict.update(settings)
    connections["default"] = theirs
    try:
        yield
    finally:
        theirs.close()
        connections["default"] = ours
