"""Reading from the database that is written to.

A project's router may send reads to a replica, which lags behind. Reads that decide something (is
it due, is the name taken, what does its row say) must not go there. They go to `default`, where the
rows are written, and where the app's own SQL goes too.
"""

from __future__ import annotations

from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, models

Model = TypeVar("Model", bound=models.Model)


def rows_of(model: type[Model]) -> models.QuerySet[Model]:
    """All rows of a model, even those that its own managers leave out."""
    return model._base_manager.using(DEFAULT_DB_ALIAS)


class PrimaryQuerySet(models.QuerySet[Model]):
    """A query that no router redirects; `using` still does."""

    @property
    def db(self) -> str:
        """The alias of the database to ask."""
        alias: str = self._db or DEFAULT_DB_ALIAS  # type: ignore[attr-defined]  # Django's own
        return alias
