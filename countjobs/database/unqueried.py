"""Calling code of others while a transaction must stay whole: it may not query the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.db import connection


class QueriedError(BaseException):
    """Code has tried to query. It is no Exception, so that this code doesn't take it for its own
    error, as one that the database has raised.
    """


@contextmanager
def unqueried() -> Iterator[None]:
    """Let every query raise QueriedError, before the database is asked.

    A query that fails would break the transaction for everything else in it.
    """
    with connection.execute_wrapper(_refuse):
        yield


def _refuse(*args: Any) -> NoReturn:
    raise QueriedError
