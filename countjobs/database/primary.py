"""Reading from the database that is written to.

A project's router may send reads to a replica, which lags behind. Whatever decides something (is
it due, is there such a name, what does its row say) is read where it is written: in `default`,
which is also where the app's own SQL goes.
"""

from __future__ import annotations

from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, models

Model = TypeVar("Model", bound=models.Model)


def rows_of(model: type[Model]) -> models.QuerySet[Model]:
    """All rows of a model, whatever its own managers leave out."""
    return model._base_manager.using(DEFAULT_DB_ALIAS)


class PrimaryQuerySet(models.QuerySet[Model]):
    """A query that no router sends elsewhere; `using` still does."""

    @property
    def db(self) -> str:
        """The alias of the database that is asked."""
        alias: str = self._db or DEFAULT_DB_ALIAS  # type: ignore[attr-defined]  # Django's own
        return alias
